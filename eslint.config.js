// Type-checked lint. Formatting and import cycles are Biome's (biome.json). Biome has promise rules
// too, but of four planted promise bugs they found two and these found all.
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  { ignores: ["build/", "build-*/", ".tap/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // A number in a template literal reads as it should; anything else says what it becomes.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // `return this.stop()` as a guard clause is fine where the caller can see void.
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // `{}` is the type of what a flow needs that needs nothing.
      "@typescript-eslint/no-empty-object-type": ["error", { allowObjectTypes: "always" }],
      "@typescript-eslint/consistent-type-imports": "error",
      // A default says what becomes of the rest.
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // JavaScript may have called, or have thrown: what the types rule out still has to be worded.
      "@typescript-eslint/no-unnecessary-type-conversion": "off",
      "@typescript-eslint/no-unused-vars": ["error", { varsIgnorePattern: "^_" }],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    files: ["lib/**/*.{ts,tsx}", "actors/**/*.ts"],
    rules: {
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 70, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // The runner waits for every test, so nobody has to.
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafePromises: [
            { from: "package", package: "@tapjs/core", name: "PromiseWithSubtest" },
          ],
        },
      ],
      // What tasks and contexts hold as methods are functions by themselves.
      "@typescript-eslint/unbound-method": "off",
      // What was caught is handed on as it is.
      "@typescript-eslint/prefer-promise-reject-errors": ["error", { allowThrowingUnknown: true }],
      // A `!` that is wrong fails the test, which is what a test is for.
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    // A test, an example's task and what is measured return a promise, whether they await or not.
    files: ["test/**/*.ts", "bench/**/*.ts", "examples/**/*.ts"],
    rules: { "@typescript-eslint/require-await": "off" },
  },
  {
    // Examples catch what they throw themselves.
    files: ["examples/**/*.ts"],
    rules: { "@typescript-eslint/use-unknown-in-catch-callback-variable": "off" },
  },
  {
    // What these print is what they are for.
    files: [
      "lib/cli/**/*.ts",
      "bench/**/*.ts",
      "examples/**/*.ts",
      "test/conformance/**/*.ts",
      "test/executor/fixtures/*.ts",
      "test/simulation/cluster/run.ts",
    ],
    rules: { "no-console": "off" },
  },
);
