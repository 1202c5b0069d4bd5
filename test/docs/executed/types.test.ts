import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { describeFence, readFences, root } from '../read-fences.ts';

const programs = readFences().filter(({ language }) => language === 'ts');

it('the programs of the documents fit the types, as strictly as our own code', () => {
  const texts = new Map(
    programs.map(({ text }, index) => [
      join(root, 'test', 'docs', `program-${index}.ts`),
      `${text.replaceAll("'chaperone'", "'../../src/index.ts'")}\nexport {};\n`,
    ]),
  );
  const config = ts.parseConfigFileTextToJson('tsconfig.json', readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  const { options } = ts.convertCompilerOptionsFromJson(config.config.compilerOptions, root);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.getSourceFile = (file, target, ...rest) => {
    const text = texts.get(file);
    return text === undefined ? getSourceFile(file, target, ...rest) : ts.createSourceFile(file, text, target);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  const found = [...texts.keys()].flatMap((file, index) => {
    const source = program.getSourceFile(file);
    const fence = programs[index];
    if (source === undefined || fence === undefined) return [`${file} was not read`];
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ start = 0, messageText }) =>
        `${describeFence(fence)}, line ${source.getLineAndCharacterOfPosition(start).line + 1} of it: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  });
  expect(found).toEqual([]);
  expect(programs.length).toBeGreaterThan(1);
});
