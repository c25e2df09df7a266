import { device, ready, tf } from "../lib/index.ts";
await ready();
const x = tf.ones([1000, 1000]);
for (let i = 0; i < 1000; i++) { x.add(i); }
console.log(device().memory.peakBytes! / 1e6, process.memoryUsage().rss/1e6);
const hold: tf.Tensor[] = [];
try { for (;;) hold.push(x.add(1)); } catch (e) { console.log((e as Error).message, hold.length); }
try { for (;;) tf.tensor(new Float32Array(1e6)).add(1); } catch (e) { console.log((e as Error).message, hold.length); }
tf.dispose(hold);
console.log(x.add(1).sum().dataSync()[0], device().memory.bytes);
const t0 = performance.now(); for (let i = 0; i < 20000; i++) x.shape; const y = tf.scalar(1); for (let i = 0; i < 20000; i++) y.add(1).dispose(); console.log("us", (performance.now() - t0) / 20);
