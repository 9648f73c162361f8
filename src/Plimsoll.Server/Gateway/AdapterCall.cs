using System;
using System.Net.Http;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading;
using System.Threading.Tasks;
using Polly.CircuitBreaker;

namespace Plimsoll.Server.Gateway;

/// <summary>What a replica says to an adapter that it is to load or to forget.</summary>
/// <param name="Refusal">Why not; null where it did.</param>
/// <param name="IsAway">Whether it was not there to be asked.</param>
readonly record struct AdapterAnswer(string? Refusal, bool IsAway)
{
    /// <summary>It holds one of that name, whoever loaded it.</summary>
    public bool HadIt => Refusal?.Contains("already", StringComparison.OrdinalIgnoreCase) ?? false;
}

/// <summary>vLLM's <c>/v1/load_lora_adapter</c> and its contrary, or SGLang's without <c>/v1</c>.</summary>
sealed record AdapterCall(
    [property: JsonPropertyName("lora_name")] string Name,
    [property: JsonPropertyName("lora_path"),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Path)
{
    public Task<AdapterAnswer> LoadAsync(UpstreamReplica replica, CancellationToken cancellation) =>
        AskAsync(replica, "load_lora_adapter", cancellation);

    public Task<AdapterAnswer> UnloadAsync(UpstreamReplica replica, CancellationToken cancellation) =>
        AskAsync(replica, "unload_lora_adapter", cancellation);

    async Task<AdapterAnswer> AskAsync(UpstreamReplica replica, string verb, CancellationToken cancellation)
    {
        if (!replica.IsHealthy)
            return new($"{replica.Config.Url} does not answer", true);
        var body = JsonSerializer.SerializeToUtf8Bytes(this, CallJson.Default.AdapterCall);
        try
        {
            using var first = await replica.SendAsync("/v1/" + verb, body, cancellation);
            if (first.IsSuccessStatusCode)
                return default;
            var said = await SaidAsync(first, cancellation);
            // An adapter that is not there is a 404 of vLLM's, and a path that is not there one of SGLang's.
            if ((int)first.StatusCode is not (404 or 405)
                || said.Contains(Name, StringComparison.Ordinal))
            {
                return new(said, false);
            }
            using var second = await replica.SendAsync("/" + verb, body, cancellation);
            return second.IsSuccessStatusCode ? default : new(await SaidAsync(second, cancellation), false);
        }
        catch (Exception e) when (e is HttpRequestException or BrokenCircuitException)
        {
            return new(e.Message, true);
        }
        catch (TimeoutException e)
        {
            return new(e.Message, false);
        }
    }

    static async Task<string> SaidAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        const int Longest = 300, MostBytes = 64 * 1024;
        await response.Content.LoadIntoBufferAsync(MostBytes, cancellation);
        var text = (await response.Content.ReadAsStringAsync(cancellation)).ReplaceLineEndings(" ");
        return $"{(int)response.StatusCode} {(text.Length > Longest ? text[..Longest] : text)}";
    }
}

[JsonSerializable(typeof(AdapterCall))]
sealed partial class CallJson : JsonSerializerContext;
