using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Threading.Tasks;

namespace Plimsoll.Serve.Figures;

/// <summary>A streamed completion as a client felt it, milliseconds.</summary>
sealed class StreamedRequest
{
    /// <summary>When it was sent; the others count from here.</summary>
    public double SentMs { get; private init; }

    public double TtftMs { get; private set; }

    public double LastMs { get; private set; }

    public int Tokens { get; private set; }

    /// <summary>
    /// Sends one of exactly so many tokens, as ids. No two prompts are alike, so that nothing is cached.
    /// </summary>
    public static async Task<StreamedRequest> SendAsync(
        HttpClient client, string model, int number, int promptTokens, int outputTokens)
    {
        var random = new Random(number);
        var ids = string.Join(',', Enumerable.Range(0, promptTokens).Select(_ => random.Next(1, 30_000)));
        var body = FormattableString.Invariant(
            $"{{\"model\":\"{model}\",\"stream\":true,\"ignore_eos\":true,\"max_tokens\":{outputTokens},")
            + $"\"prompt\":[{ids}]}}";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        var sent = Stopwatch.GetTimestamp();
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var seen = new StreamedRequest { SentMs = 1e3 * sent / Stopwatch.Frequency };
        while (await reader.ReadLineAsync() is { } line && line != "data: [DONE]")
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal))
                continue;
            seen.LastMs = Stopwatch.GetElapsedTime(sent).TotalMilliseconds;
            if (seen.Tokens++ == 0)
                seen.TtftMs = seen.LastMs;
        }
        return seen;
    }
}
