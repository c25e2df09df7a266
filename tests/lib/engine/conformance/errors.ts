import assert from "node:assert/strict";
import { tf } from "../../../../lib/index.ts";
import { type Case, close, refuses } from "./cases.ts";

export const errors: Case[] = [
  refuses(
    "a product of matrices that do not fit names both shapes",
    () => tf.matMul(tf.ones([2, 3]), tf.ones([2, 3])),
    "2,3",
    "matMul",
  ),
  refuses("a sum of shapes that do not fit names both", () => tf.add(tf.ones([2]), tf.ones([3])), "2", "3"),
  refuses("a reshape to another size names both", () => tf.ones([2, 3]).reshape([4]), "6", "4"),
  refuses(
    "a concat along other axes names the shapes",
    () => tf.concat([tf.ones([2, 2]), tf.ones([3, 3])]),
    "2,2",
    "3,3",
  ),
  refuses(
    "a convolution of another depth names it",
    () => tf.conv2d(tf.ones([1, 4, 4, 3]) as tf.Tensor4D, tf.ones([2, 2, 2, 1]) as tf.Tensor4D, 1, "same"),
    "depth",
    "3",
    "2",
  ),
  refuses(
    "a value of the wrong dtype names it",
    () => tf.matMul(tf.tensor2d([["a"]]) as never, tf.ones([1, 1])),
    "string",
  ),
  {
    ...refuses("a slice outside is refused", () => tf.slice(tf.ones([3]), [2], [5]), "slice"),
    lacking: { wasm: "there it gives what lies beyond" },
  },
  refuses(
    "a variable takes no other shape",
    () => {
      using variable = tf.variable(tf.ones([2]));
      variable.assign(tf.ones([3]));
    },
    "2",
    "3",
  ),
  refuses(
    "a disposed tensor",
    () => {
      const gone = tf.ones([2]);
      gone.dispose();
      gone.add(1);
    },
    "disposed",
  ),
  {
    name: "after an error the engine works on, and nothing is left behind",
    run: () => {
      const before = tf.memory().numTensors;
      for (let i = 0; i < 10; i++) {
        assert.throws(() => tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([2, 3]))));
        assert.throws(() =>
          tf.tidy(() => tf.grad((x) => tf.matMul(x as tf.Tensor2D, tf.ones([5, 5])))(tf.ones([2, 3]))),
        );
      }
      assert.equal(tf.memory().numTensors, before);
      tf.tidy(() => close(tf.grad((x) => x.square().sum())(tf.tensor1d([3])), [6]));
    },
  },
];
