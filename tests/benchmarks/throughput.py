"""GFLOP/s of this machine in convolutions: `python throughput.py` prints the number.

A program of its own, so that TensorFlow's threads do not stay in the process that asks. The convolutions are 3 × 3, from 64 to
64 channels, of 16 images of 64 × 64; the fastest of thirty counts.
"""

import time

from course_utils.runtime import quiet

REFERENCE = 145  # GFLOP/s of the two quiet cores that the budgets speak of


def measured():
    """Multiplications and additions of the fastest convolution, in billions a second."""
    with quiet():
        import tensorflow as tf
    images, kernels = tf.random.normal((16, 64, 64, 64)), tf.random.normal((3, 3, 64, 64))
    convolve = tf.function(lambda: tf.nn.conv2d(images, kernels, 1, "SAME"))
    convolve()
    operations, times = 2 * 16 * 64 * 64 * 9 * 64 * 64, []
    for _ in range(30):
        start = time.perf_counter()
        convolve().numpy()
        times.append(time.perf_counter() - start)
    return operations / min(times) / 1e9


if __name__ == "__main__":
    print(round(measured()))
