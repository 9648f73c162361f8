using System.Runtime.InteropServices;
using System.Text.Json;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Tenants;
using static Plimsoll.Server.Api.UpstreamReading;

namespace Plimsoll.Server.Api;

/// <summary>
/// Text to tokens and back, asked of an engine behind the gateway: it has the tokenizer. No engine's time
/// goes into it, so that it stands in no book.
/// </summary>
static class UpstreamTokens
{
    /// <summary>Answers with what a replica says; false where the model is none of theirs.</summary>
    public static async Task<bool> TryPassAsync(
        HttpContext context, UpstreamEndpoints upstreams, Tenant tenant, JsonElement body)
    {
        if (body.Text("model") is not { } asked || upstreams.Find(asked) is not { } model)
            return false;
        var adapter = UpstreamEndpoints.AdapterOf(model, body);
        using var sent = await model.SendAsync(
            context.Request.Path,
            replica => JsonMarshal.GetRawUtf8Value(adapter is null && replica.Config.Model is { } name
                ? CompletionEndpoints.Renamed(body, name) : body).ToArray(),
            UpstreamEndpoints.KeyOf(context, tenant, body), prompt: null, adapter, context.RequestAborted);
        var answer = await ReadWholeAsync(sent, context.RequestAborted);
        if (!sent.Response.IsSuccessStatusCode)
            throw ErrorOf((int)sent.Response.StatusCode, answer);
        await CompletionEndpoints.WriteJsonAsync(context, answer);
        return true;
    }
}
