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
