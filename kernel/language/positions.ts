/** The protocol counts cursor positions in Unicode code points, JavaScript strings count UTF-16 units. */

/** UTF-16 offset of a code-point position; what lies outside the text is moved to its nearer end, NaN to the end. */
export function toUtf16(text: string, codePoints: number): number {
  if (Number.isNaN(codePoints)) return text.length;
  let offset = 0;
  for (let left = Math.trunc(codePoints); left > 0 && offset < text.length; left--) {
    offset += text.codePointAt(offset)! > 0xffff ? 2 : 1;
  }
  return offset;
}

/** Code-point position of a UTF-16 offset. */
export function toCodePoints(text: string, offset: number): number {
  let count = 0;
  for (let at = 0; at < offset && at < text.length; count++) at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  return count;
}
