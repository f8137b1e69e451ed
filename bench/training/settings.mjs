/** Settings of the optimizer, SGD, on both sides. */
export const settings = { learningRate: 0.001, momentum: 0.9 };
