// What the scripts of all libraries ask of promises.

/// The error that a promise ends with; it is an error if it does not.
export async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('this should have failed');
}

/// A promise that fails, and says what for, when it was waited for in vain.
export const soon = (what, promise) =>
  Promise.race([
    promise,
    new Promise((_, reject) => setTimeout(() => reject(new Error('waited in vain for ' + what)), 60000)),
  ]);

/// Does `act` again and again until `promise` has come: libraries do not say when their subscription stands.
export async function provoke(promise, act) {
  let waiting = true;
  const done = promise.finally(() => (waiting = false));
  while (waiting) {
    await act();
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 2000))]);
  }
  return promise;
}
