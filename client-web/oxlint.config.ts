import { defineConfig } from 'oxlint'
import { layerOverrides } from './scripts/layers.ts'

export default defineConfig({
  plugins: ['typescript', 'import', 'promise', 'unicorn', 'vue'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  ignorePatterns: ['dist', 'dev-dist', '.artifacts', 'node_modules'],
  rules: {
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'no-await-in-loop': 'off',
    'no-empty-pattern': 'off',
    'import/no-named-as-default': 'off',
    'unicorn/require-post-message-target-origin': 'off',
    'no-shadow': 'off',
    'import/no-unassigned-import': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/no-array-reverse': 'off',
    'no-underscore-dangle': 'off',
    'promise/always-return': 'off',
    'no-restricted-globals': ['error', 'localStorage', 'sessionStorage'],
    'no-console': 'error',
    'no-eval': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
  },
  overrides: [{ files: ['scripts/**'], rules: { 'no-console': 'off' } }, ...layerOverrides],
})
