using System;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// The first model that an endpoint lists, for a user who named none; or in a few words why there is none.
/// Whatever is at the address, the answer comes within seconds and from bounded memory.
/// </summary>
/// <param name="Model">Its name; null when there is none.</param>
/// <param name="Problem">What is wrong; null when there is a model.</param>
/// <param name="MayPass">Whether waiting may help: nobody is there yet.</param>
public readonly record struct ModelList(string? Model, string? Problem, bool MayPass)
{
    const int MostBytes = 1 << 22;
    const int MostNameCharacters = 512;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<ModelList> Ask(Endpoint endpoint, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);
        try
        {
            using var response = await endpoint.Ask(HttpMethod.Get, "v1/models", default, limit.Token)
                .ConfigureAwait(false);
            return await Read(response, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return None($"no whole answer within {Patience.TotalSeconds:0} s", mayPass: true);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return None(ErrorText.OneLine(e.GetBaseException().Message).TrimEnd('.'), mayPass: true);
        }
    }

    static async Task<ModelList> Read(HttpResponseMessage response, CancellationToken stop)
    {
        var status = (int)response.StatusCode;
        if (ErrorText.OfRedirect(response) is { } elsewhere)
            return None(elsewhere);
        using var stream = await response.Content.ReadAsStreamAsync(stop).ConfigureAwait(false);
        if (await BoundedBody.Read(stream, MostBytes, stop).ConfigureAwait(false) is not { } body)
            return None($"more than {MostBytes >> 20} MB; expected a list of models");
        if (status is < 200 or > 299)
        {
            var hint = status is 401 or 403 ? "; expected a key in OPENAI_API_KEY" : "";
            return None($"HTTP {status}: {ErrorText.Of(body)}{hint}", mayPass: status >= 500);
        }
        if (ErrorText.OfPacking(response) is { } packed)
            return None(packed);
        if (body.Length == 0)
            return None($"HTTP {status} without a body; expected a list of models");
        return First(body, response.Content.Headers.ContentType?.MediaType);
    }

    static ModelList First(byte[] body, string? type)
    {
        var text = body.AsMemory();
        if (text.Span.StartsWith("\uFEFF"u8))
            text = text[3..];
        try
        {
            using var json = JsonDocument.Parse(text);
            if (json.RootElement.ValueKind != JsonValueKind.Object
                || !json.RootElement.TryGetProperty("data", out var data)
                || data.ValueKind != JsonValueKind.Array)
            {
                return None("JSON without a list \"data\"; expected a list of models");
            }
            foreach (var model in data.EnumerateArray())
            {
                if (model.ValueKind != JsonValueKind.Object || !model.TryGetProperty("id", out var id)
                    || id.ValueKind != JsonValueKind.String)
                {
                    return None("a model without a name");
                }
                var name = id.GetString()!;
                return IsName(name) ? new ModelList(name, null, MayPass: false)
                    : None($"a model whose name is no line of text: {ErrorText.OneLine(name)}");
            }
            return None("lists no model");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return None(type is "application/json"
                ? $"is no JSON: {ErrorText.OneLine(System.Text.Encoding.UTF8.GetString(body))}"
                : $"content type {type ?? "none"}; expected application/json");
        }
    }

    /// <summary>Whether a text can be a model's name: one line, not endless.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MostNameCharacters && !name.Any(char.IsControl);

    static ModelList None(string problem, bool mayPass = false) => new(null, problem, mayPass);
}
