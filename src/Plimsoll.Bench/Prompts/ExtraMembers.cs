using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Wire;
using Plimsoll.Core;

namespace Plimsoll.Bench.Prompts;

/// <summary>What <c>--extra-body</c> adds to every body: nothing that bench writes there itself.</summary>
public static class ExtraMembers
{
    static readonly JsonDocumentOptions _strict = new() { AllowDuplicateProperties = false };

    /// <summary>Null for no text.</summary>
    public static JsonObject? Read(string? text)
    {
        if (text is null)
            return null;
        try
        {
            using var json = JsonDocument.Parse(text, _strict);
            if (json.RootElement.ValueKind == JsonValueKind.Object)
            {
                CheckTexts(json.RootElement);
                return JsonObject.Create(json.RootElement.Clone());
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Falls through to the one line.
        }
        throw new BadInputException($"{Setting.ExtraBody} {text}",
            "is no JSON object, has a key twice, or half a character in a text", "a JSON object");
    }

    /// <summary>Refuses a member that bench writes: it would be there twice, or against the result.</summary>
    public static void Check(JsonObject? extra, ApiKind api, bool fromFile, bool ignoreEos,
        IReadOnlyList<LevelOptions> levels)
    {
        foreach (var (name, _) in extra ?? [])
        {
            var instead = Instead(name, api, fromFile, ignoreEos, levels);
            if (instead.ToString().Length > 0)
                throw new BadInputException($"{Setting.ExtraBody}", $"{name} is bench's own", instead);
        }
    }

    /// <summary>What sets the member; empty for one that bench does not write.</summary>
    static BadInputText Instead(string name, ApiKind api, bool fromFile, bool ignoreEos,
        IReadOnlyList<LevelOptions> levels) => name switch
    {
        "model" => $"{Setting.ServedModelName}",
        "stream" => $"{Setting.NoStream}, or nothing for a stream",
        "stream_options" => "none: how the endpoint counts is found out before the load",
        "ignore_eos" or "min_tokens" when ignoreEos => $"{Setting.IgnoreEos} alone, which sends it",
        "priority" when levels.Any(level => level.Priority is not null) =>
            $"the level's own in {Setting.Levels}",
        "service_tier" when levels.Any(level => level.ServiceTier is not null) =>
            $"the level's own in {Setting.Levels}",
        _ when name == BodyTemplate.PromptMember(api) => $"{Setting.DatasetPath} for prompts of your own",
        _ when name == BodyTemplate.LengthMember(api) && !fromFile =>
            $"{Setting.OutputLength} or {Setting.Workload}",
        _ => (BadInputText)"",
    };

    /// <summary>Reads every text, which is when half a character shows.</summary>
    static void CheckTexts(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.String)
            json.GetString();
        foreach (var value in json.ValueKind == JsonValueKind.Array ? [.. json.EnumerateArray()]
            : Array.Empty<JsonElement>())
        {
            CheckTexts(value);
        }
        foreach (var member in json.ValueKind == JsonValueKind.Object ? [.. json.EnumerateObject()]
            : Array.Empty<JsonProperty>())
        {
            _ = member.Name;
            CheckTexts(member.Value);
        }
    }
}
