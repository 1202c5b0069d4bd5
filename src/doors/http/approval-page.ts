/** What ids look like; nothing else is repeated on the page. */
const ID = /^apr_[0-9a-z]{10,60}$/;

/**
 * Where links to an approval lead. Whoever opens it sees how to answer, and nothing of what is asked: programs that look
 * at links before people do open it too. Opening it changes nothing.
 */
export function showApprovalPage(id: string): Response {
  const known = ID.test(id) ? id : '&lt;id&gt;';
  const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chaperone: a question waits</title>
<main>
<h1>A question waits for a person</h1>
<p>Opening this page answered nothing. Whoever may answer sees what is asked, and answers, at a terminal:</p>
<pre>chaperone approvals show ${known}</pre>
<p>Silence denies.</p>
</main>
</html>
`;
  return new Response(page, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    },
  });
}
