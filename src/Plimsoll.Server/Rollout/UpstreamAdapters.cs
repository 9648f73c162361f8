using System;
using System.Net.Http;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Server.Gateway;

namespace Plimsoll.Server.Rollout;

/// <summary>
/// Adapters of engines behind the gateway: vLLM's <c>/v1/load_lora_adapter</c>, or SGLang's without
/// <c>/v1</c>. All replicas hold an adapter or none does.
/// </summary>
static class UpstreamAdapters
{
    /// <exception cref="BadInputException">A replica refuses it; those that took it are told to forget
    /// it.</exception>
    public static async Task LoadAsync(UpstreamModel model, string name, string path,
        CancellationToken cancellation)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new AdapterCall(name, path), CallJson.Default.AdapterCall);
        for (var i = 0; i < model.Replicas.Count; i++)
        {
            var refusal = await AskAsync(model.Replicas[i], "load_lora_adapter", body, cancellation);
            if (refusal is null || refusal.Contains("already", StringComparison.OrdinalIgnoreCase))
                continue;
            for (var taken = 0; taken < i; taken++)
                await AskAsync(model.Replicas[taken], "unload_lora_adapter", body, cancellation);
            throw new BadInputException(
                $"{model.Replicas[i].Config.Url}: adapter {name} cannot be loaded: {refusal}");
        }
    }

    static async Task<string?> AskAsync(UpstreamReplica replica, string verb, byte[] body,
        CancellationToken cancellation)
    {
        try
        {
            using var first = await replica.SendAsync("/v1/" + verb, body, cancellation);
            if (first.IsSuccessStatusCode)
                return null;
            if ((int)first.StatusCode is not (404 or 405))
                return await SaidAsync(first, cancellation);
            using var second = await replica.SendAsync("/" + verb, body, cancellation);
            return second.IsSuccessStatusCode ? null : await SaidAsync(second, cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutException
            or Polly.CircuitBreaker.BrokenCircuitException)
        {
            return e.Message;
        }
    }

    static async Task<string> SaidAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var text = (await response.Content.ReadAsStringAsync(cancellation)).ReplaceLineEndings(" ");
        return $"{(int)response.StatusCode} {(text.Length > 300 ? text[..300] : text)}";
    }
}
