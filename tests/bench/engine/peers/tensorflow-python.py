"""TensorFlow in Python with Keras: the functions are `tf.function`, with `jit_compile` where GRADBOOK_BENCH_JIT is 1."""

import itertools
import os

import tensorflow as tf

from worker import products_per_step, serve

jit = os.environ.get("GRADBOOK_BENCH_JIT") == "1"


def add(problem, _):
    return calls_of(problem, tf.add)


def call(problem, _):
    return calls_of(problem, tf.function(lambda a, b: tf.add(a, b), jit_compile=jit))


def calls_of(problem, fn):
    a, b = tf.constant([[1.0, 2], [3, 4]]), tf.constant([[1.0, 0], [0, 1]])

    def step():
        for _ in range(problem.sizes["calls"]):
            fn(a, b)

    return step


def matmul(_, size):
    a, b = (tf.random.uniform([size, size], -1, 1) for _ in range(2))
    multiply = tf.function(tf.matmul, jit_compile=jit)

    def step():
        for _ in range(products_per_step(size)):
            last = multiply(a, b)
        last[0, 0].numpy()

    return step


def optimizer_of(problem):
    options = problem.adam
    return tf.keras.optimizers.Adam(
        options["rate"], beta_1=options["beta1"], beta_2=options["beta2"], epsilon=options["epsilon"]
    )


def gpt(problem, _):
    sizes = problem.sizes["gpt"]
    width, context, heads = sizes["width"], sizes["context"], sizes["heads"]
    w = {name: tf.Variable(array) for name, array in problem.weights("gpt").items()}
    variables = list(w.values())
    optimizer = optimizer_of(problem)
    optimizer.build(variables)
    mask = tf.where(tf.linalg.band_part(tf.ones([context, context]), -1, 0) > 0, 0.0, -1e9)

    def normalize(x, scale, shift):
        mean, variance = tf.nn.moments(x, -1, keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, shift, scale, 1e-5)

    def loss_of(x, y):
        rows = [x.shape[0] * context, width]
        h = tf.reshape(tf.gather(w["tokens"], x), [-1, context, width]) + w["positions"]
        for layer in range(sizes["layers"]):
            of = lambda name: w[f"{layer}/{name}"]
            a = tf.reshape(normalize(h, of("scale1"), of("shift1")), rows)
            qkv = tf.reshape(a @ of("qkv"), [-1, context, 3, heads, width // heads])
            q, k, v = tf.unstack(tf.transpose(qkv, [2, 0, 3, 1, 4]))
            scores = tf.matmul(q, k, transpose_b=True) / (width // heads) ** 0.5 + mask
            mixed = tf.reshape(tf.transpose(tf.nn.softmax(scores) @ v, [0, 2, 1, 3]), rows)
            h += tf.reshape(mixed @ of("out"), h.shape)
            b = tf.reshape(normalize(h, of("scale2"), of("shift2")), rows)
            h += tf.reshape(tf.nn.gelu(b @ of("up"), approximate=True) @ of("down"), h.shape)
        logits = tf.matmul(tf.reshape(h, rows), w["tokens"], transpose_b=True)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.reshape(y, [-1]), logits)
        return tf.reduce_mean(losses)

    @tf.function(jit_compile=jit)
    def train(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(x, y)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss

    data = itertools.cycle([(tf.constant(x), tf.constant(y)) for x, y in problem.data("gpt")])
    return lambda: float(train(*next(data)))


def lstm(problem, _):
    sizes = problem.sizes["lstm"]
    model = tf.keras.Sequential([
        tf.keras.Input([sizes["sequence"]], dtype="int32"),
        tf.keras.layers.Embedding(sizes["vocabulary"], sizes["embedding"]),
        tf.keras.layers.LSTM(sizes["units"], return_sequences=True),
        tf.keras.layers.Dense(sizes["vocabulary"], activation="softmax"),
    ])
    w = problem.weights("lstm")
    model.set_weights([w[name] for name in ["embedding", "kernel", "recurrent", "bias", "dense", "denseBias"]])
    model.compile(optimizer_of(problem), "sparse_categorical_crossentropy", jit_compile=jit)
    data = itertools.cycle([(tf.constant(x), tf.constant(y)) for x, y in problem.data("lstm")])

    def step():
        model.reset_metrics()
        return float(model.train_on_batch(*next(data)))

    return step


version = f"{tf.__version__}, Keras {tf.keras.__version__}"
serve(version, {"add": add, "call": call, "matmul": matmul, "gpt": gpt, "lstm": lstm})
