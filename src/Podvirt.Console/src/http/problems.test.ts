import { describe, expect, it } from 'vitest';
import { ApiError } from './api';
import { problemAt, problemElsewhere } from './problems';

const refused = new ApiError('Give the key a name.', 400, 'invalid_name', null, 'name');

describe('a refused form', () => {
  it('says it at the field that the server names', () => {
    expect(problemAt(refused, 'name')).toBe('Give the key a name.');
    expect(problemAt(refused, 'models')).toBeNull();
    expect(problemElsewhere(refused, ['name', 'models'])).toBeNull();
  });

  it('says it for the form where the field is none of its own', () => {
    expect(problemElsewhere(refused, ['models'])).toBe('Give the key a name.');
    expect(problemElsewhere(new ApiError('The server cannot be reached.', 0), ['name'])).toBe('The server cannot be reached.');
  });

  it('says nothing while nothing is wrong', () => {
    expect(problemAt(null, 'name')).toBeNull();
    expect(problemElsewhere(null, ['name'])).toBeNull();
  });
});
