using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Core;
using Plimsoll.Engine;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Api;

/// <summary>Loads adapters and forgets them: in engines here, and in all replicas of an upstream
/// model.</summary>
sealed class AdapterEndpoints(
    Gate gate, ModelDirectory models, UpstreamEndpoints upstreams, UpstreamAdapters adapters)
{
    public async Task LoadAsync(HttpContext context)
    {
        gate.AuthenticateAdmin(context);
        using var document = JsonBody.Parse(await gate.ReadBodyAsync(context));
        var body = document.RootElement;
        var (name, path) = (Name(body), body.Required("lora_path"));
        var away = UpstreamOf(body) is { } upstream
            ? await LoadAsync(upstream, name, path, context.RequestAborted)
            : await LoadAsync(LocalOf(body), name, path, context.RequestAborted);
        await context.Response.WriteAsync($"Success: LoRA adapter '{name}' added successfully."
            + (away.Count == 0 ? "" : $" Away, and given it when back: {string.Join(", ", away)}."));
    }

    public async Task UnloadAsync(HttpContext context)
    {
        gate.AuthenticateAdmin(context);
        using var document = JsonBody.Parse(await gate.ReadBodyAsync(context));
        var name = document.RootElement.Required("lora_name");
        foreach (var model in models.Local)
        {
            if (!await model.Engine.UnloadAdapterAsync(name, context.RequestAborted))
                continue;
            await SayRemovedAsync(context, name);
            return;
        }
        foreach (var upstream in upstreams.All)
        {
            if (await adapters.UnloadAsync(upstream, name, context.RequestAborted) is not { } left)
                continue;
            if (left.Count > 0)
            {
                throw UpstreamReading.Failed($"The lora adapter '{name}' is not loaded again, but may be "
                    + $"there yet, and is listed where it is: {string.Join("; ", left)}");
            }
            await SayRemovedAsync(context, name);
            return;
        }
        throw ApiException.NotFound($"The lora adapter '{name}' cannot be found.", "lora_name");
    }

    async Task<IReadOnlyList<string>> LoadAsync(
        UpstreamModel model, string name, string path, CancellationToken cancellation)
    {
        if (adapters.IsTaken(name, model))
            throw Taken(name);
        if (model.Replicas.All(replica => replica.Adapters.ContainsKey(name)))
            throw ApiException.Bad($"The lora adapter '{name}' has already been loaded.", "lora_name");
        try
        {
            return await adapters.LoadAsync(model, name, path, cancellation);
        }
        catch (BadInputException bad)
        {
            throw ApiException.Bad(bad.Message, "lora_path");
        }
    }

    async Task<IReadOnlyList<string>> LoadAsync(
        LocalModel model, string name, string path, CancellationToken cancellation)
    {
        if (upstreams.Find(name) is not null || models.IsAnothers(name, model))
            throw Taken(name);
        try
        {
            await model.Engine.LoadAdapterAsync(name, path, cancellation);
            return [];
        }
        catch (EngineRefusalException refusal)
        {
            throw ApiException.Bad(refusal.Message, "lora_path");
        }
    }

    /// <summary>The upstream model that is meant; null where an engine here is.</summary>
    UpstreamModel? UpstreamOf(JsonElement body)
    {
        if (body.Text("model") is { } named)
            return upstreams.All.FirstOrDefault(model => model.Name == named);
        if (models.Local.Count > 0)
            return null;
        var all = upstreams.All.ToList();
        return all.Count <= 1 ? all.FirstOrDefault() : throw ApiException.Bad(
            "Missing required parameter: 'model'; expected one of "
                + $"{string.Join(", ", all.Select(model => model.Name))}.",
            "model", "missing_required_parameter");
    }

    LocalModel LocalOf(JsonElement body) => body.Text("model") is { } named
        ? CompletionEndpoints.Model(models, named, null, out _) : models.First;

    static string Name(JsonElement body)
    {
        var name = body.Required("lora_name");
        return AdapterList.IsName(name) ? name : throw ApiException.Bad(
            $"lora_name: expected 1 to {AdapterList.LongestName} characters and no control character",
            "lora_name", "invalid_value");
    }

    static ApiException Taken(string name) => ApiException.Bad(
        $"The lora adapter '{name}' has the name of another model, which requests would reach instead.",
        "lora_name");

    static Task SayRemovedAsync(HttpContext context, string name) =>
        context.Response.WriteAsync($"Success: LoRA adapter '{name}' removed successfully.");
}
