/** What a softmax was taken of: remembered while a trace records a gradient, for losses that would rather start from there. */
import * as tf from "@tensorflow/tfjs";
import { currentTrace } from "../compile/trace.ts";
import { isDifferentiating } from "../tape.ts";

export interface Origin {
  /** The argument of the softmax as it stands on the gradient's tape; its memory may be released. */
  onTape: tf.Tensor;
  /** Another tensor of the same values, alive until the end of the trace. */
  values: tf.Tensor;
}

const origins = new WeakMap<object, Origin>();

/** The logits that these probabilities are the softmax of (along the last axis), if the trace that is open has seen it. */
export function originOf(probabilities: tf.Tensor): Origin | undefined {
  return origins.get(probabilities.dataId);
}

/** Lets backend `tensorflow` remember. Does nothing where that backend is not registered. */
export function rememberOrigins(): void {
  const kernel = tf.getKernel("Softmax", "tensorflow");
  if (!kernel) return;
  tf.unregisterKernel("Softmax", "tensorflow");
  tf.registerKernel({
    ...kernel,
    kernelFunc: (call) => {
      const result = kernel.kernelFunc(call);
      const logits = call.inputs["logits"];
      if (currentTrace() && isDifferentiating() && logits instanceof tf.Tensor)
        origins.set((result as tf.TensorInfo).dataId, { onTape: logits, values: shared(logits) });
      return result;
    },
  });
}

/** Unlike `clone` it leaves no mark on the tape. The end of the trace disposes it. */
function shared({ dataId, shape, dtype }: tf.Tensor): tf.Tensor {
  const engine = tf.engine();
  engine.backend.incRef(dataId);
  const tensor = engine.makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype });
  tensor.kept = true;
  return tensor;
}
