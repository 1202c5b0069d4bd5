// Parses on any Node, so that an old one gets one plain sentence instead of a syntax error.
'use strict';
var major = parseInt(process.versions.node.split('.')[0], 10);
var needed = 24;
var supported = { linux: ['x64', 'arm64'], darwin: ['x64', 'arm64'], win32: ['x64'] };

function missing() {
  if (major >= needed) return '';
  var here = process.platform + '-' + process.arch;
  var brought = (supported[process.platform] || []).indexOf(process.arch) >= 0;
  if (brought) {
    return (
      'Chaperone needs Node ' +
      needed +
      ' and this is Node ' +
      process.versions.node +
      ': run `npm ci` without `--omit=optional` (it brings Node ' +
      needed +
      ' for ' +
      here +
      '), then start through npm, e.g. `npm start`.'
    );
  }
  return (
    'Chaperone needs Node ' +
    needed +
    ' or newer and this is Node ' +
    process.versions.node +
    '; no packaged Node exists for ' +
    here +
    ', so install Node ' +
    needed +
    ' from nodejs.org and try again.'
  );
}

var sentence = missing();
if (sentence) {
  process.stderr.write(sentence + '\n');
  process.exit(1);
}
