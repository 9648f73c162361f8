using Plimsoll.Reports;

namespace Plimsoll.Server.Dashboard;

/// <summary>
/// The page at <c>/</c>: an empty frame that anybody may have, filled by events that only a key with admin
/// may.
/// </summary>
static class LivePage
{
    static readonly string[] _pictures = ["load", "slack", "ttft", "itl", "dollars", "twin"];

    /// <summary>What the page may load: itself and nothing else.</summary>
    public const string ContentPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
        + "font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static string Html(string version)
    {
        var figures = "";
        foreach (var name in _pictures)
            figures += $"<figure><div class=\"frame\" id=\"{name}\"></div></figure>\n";
        return $$"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>plimsoll serve, live</title>
            <style>
            {{Page.Style()}}
            #key { display: none; gap: 8px; margin: 12px 0; }
            #key input { font: inherit; padding: 6px 8px; width: 22em; max-width: 70vw; }
            #key button { font: inherit; padding: 6px 14px; }
            .stale .pictures { opacity: 0.4; }
            .figures { grid-template-columns: repeat(3, 1fr); }
            @media (max-width: 640px) {
              .figures { grid-template-columns: 1fr 1fr; gap: 8px; }
              .figure { padding: 8px 10px; }
            }
            </style>
            </head>
            <body>
            <main>
            <header>
            <div class="brand">plimsoll serve</div>
            <h1 id="headline">Connecting</h1>
            <p class="muted" id="state" role="status">waiting for the first second</p>
            <div class="figures" id="figures"></div>
            <form id="key"><input type="password" autocomplete="off" aria-label="API key with admin"
              placeholder="key with admin"><button>Look</button></form>
            </header>
            <div class="pictures">
            {{figures}}</div>
            <div id="tables"></div>
            <p class="muted">plimsoll {{HtmlText.Escape(version)}}</p>
            </main>
            <script>
            {{Script}}
            </script>
            </body>
            </html>
            """;
    }

    /// <summary>
    /// Reads the events by fetch, since EventSource cannot send a key; comes back by itself when cut off.
    /// </summary>
    const string Script = """
        const id = name => document.getElementById(name);
        let running = 0;
        function show(name, data) {
          if (name !== 'second') return;
          const seen = JSON.parse(data);
          id('headline').textContent = seen.headline;
          id('state').textContent = seen.state;
          document.body.classList.remove('stale');
          id('figures').innerHTML = seen.figures;
          for (const [picture, svg] of Object.entries(seen.pictures)) id(picture).innerHTML = svg;
          id('tables').innerHTML = seen.tables;
        }
        async function look(round) {
          const headers = {};
          const key = sessionStorage.getItem('plimsoll-key');
          if (key) headers.Authorization = 'Bearer ' + key;
          const size = window.innerWidth < 640 ? 'phone' : 'wide';
          const answer = await fetch('/live?size=' + size, { headers });
          if (answer.status === 401 || answer.status === 403) {
            id('key').style.display = 'flex';
            id('headline').textContent = 'A key is needed';
            id('state').textContent = 'This server asks for a key with admin. It stays in this tab.';
            return false;
          }
          id('key').style.display = 'none';
          const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
          let held = '';
          for (;;) {
            const { value, done } = await reader.read();
            if (done || round !== running) return true;
            held += value;
            let end;
            while ((end = held.indexOf('\n\n')) >= 0) {
              const lines = held.slice(0, end).split('\n');
              held = held.slice(end + 2);
              const name = lines.find(l => l.startsWith('event: '));
              const data = lines.filter(l => l.startsWith('data: ')).map(l => l.slice(6)).join('\n');
              if (name) show(name.slice(7), data);
            }
          }
        }
        async function keepLooking() {
          const round = ++running;
          while (round === running) {
            try { if (!await look(round)) return; } catch { }
            document.body.classList.add('stale');
            id('state').textContent = 'The server is silent; looking again.';
            await new Promise(done => setTimeout(done, 1000));
          }
        }
        id('key').addEventListener('submit', event => {
          event.preventDefault();
          sessionStorage.setItem('plimsoll-key', id('key').querySelector('input').value);
          keepLooking();
        });
        keepLooking();
        """;
}
