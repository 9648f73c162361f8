using System;
using System.IO;
using System.Net.Http;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Prompts;

/// <summary>vLLM's <c>/tokenize</c>, which llama-server has in another shape.</summary>
sealed class EngineTokenizer(Endpoint endpoint) : ITokenCounter
{
    const int MostBytes = 1 << 22;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public string Name => "the endpoint's /tokenize";

    /// <summary>Whether the endpoint has one.</summary>
    public static async Task<EngineTokenizer?> Find(Endpoint endpoint, CancellationToken stop)
    {
        var tokenizer = new EngineTokenizer(endpoint);
        return await tokenizer.TryCount(" time year", stop).ConfigureAwait(false) > 0 ? tokenizer : null;
    }

    public async Task<int> Count(string text, CancellationToken stop) =>
        await TryCount(text, stop).ConfigureAwait(false) is > 0 and var count
            ? count
            : throw new HttpRequestException("/tokenize answered without a count");

    public void Dispose()
    {
    }

    async Task<int> TryCount(string text, CancellationToken stop)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new JsonObject
            {
                ["model"] = endpoint.Options.Model,
                ["prompt"] = text,
                ["content"] = text,
                ["add_special_tokens"] = false,
            },
            BodyJson.Default.JsonObject);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);
        try
        {
            using var response = await endpoint.Ask(HttpMethod.Post, "tokenize", body,
                limit.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
                return 0;
            using var stream = await response.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
            var answer = await BoundedBody.Read(stream, MostBytes, limit.Token).ConfigureAwait(false);
            if (answer is null)
                return 0;
            using var json = JsonDocument.Parse(answer);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return 0;
            if (json.RootElement.TryGetProperty("count", out var count)
                && count.ValueKind == JsonValueKind.Number && count.TryGetInt32(out var number))
            {
                return number;
            }
            return json.RootElement.TryGetProperty("tokens", out var tokens)
                && tokens.ValueKind == JsonValueKind.Array
                ? tokens.GetArrayLength()
                : 0;
        }
        catch (Exception e) when (e is JsonException or HttpRequestException or IOException
            or OperationCanceledException && !stop.IsCancellationRequested)
        {
            return 0;
        }
    }
}
