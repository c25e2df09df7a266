/** Replacing methods of TensorFlow.js's own objects for a while. */

/**
 * Puts `value` under `key` and returns the function that puts things back as they were: an own property as it was, an
 * inherited one by deleting the replacement.
 */
export function override(object: object, key: PropertyKey, value: unknown): () => void {
  return overrideProperty(object, key, { value, writable: true });
}

export function overrideProperty(object: object, key: PropertyKey, descriptor: PropertyDescriptor): () => void {
  const former = Object.getOwnPropertyDescriptor(object, key);
  Object.defineProperty(object, key, { configurable: true, enumerable: former?.enumerable ?? false, ...descriptor });
  return () => {
    if (former) Object.defineProperty(object, key, former);
    else delete (object as Record<PropertyKey, unknown>)[key];
  };
}
