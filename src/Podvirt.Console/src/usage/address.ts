/** Where Usage Analytics begins. */
export const usagePath = '/inference/usage';
