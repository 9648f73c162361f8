using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Catalogues;

/// <summary><c>data/model-families.json</c>: what all models of a family have in common.</summary>
static class ModelFamilies
{
    static readonly Lazy<IReadOnlyList<ModelFamily>> Loaded =
        new(() => Resource.Read("model-families.json", Read));

    public static IReadOnlyList<ModelFamily> All => Loaded.Value;

    /// <summary>The family of that name; one without a row has nothing special.</summary>
    public static ModelFamily? Find(this IReadOnlyList<ModelFamily> families, string name)
    {
        foreach (var family in families)
        {
            if (family.Name == name)
                return family;
        }
        return null;
    }

    /// <summary>Model types whose <c>config.json</c> can be read.</summary>
    public static IEnumerable<string> ConfigTypes(this IReadOnlyList<ModelFamily> families)
    {
        foreach (var family in families)
        {
            if (family.Config is not null)
                yield return family.Name;
        }
    }

    public static IReadOnlyList<ModelFamily> Read(string name, TextReader text)
    {
        try
        {
            return JsonSerializer.Deserialize(text.ReadToEnd(),
                ModelFamilyJson.Default.ModelFamilyFile)?.Families
                ?? throw new BadInputException(name, "empty", "model families");
        }
        catch (JsonException e)
        {
            throw new BadInputException($"{name}, line {e.LineNumber + 1}", $"no model families ({e.Path})",
                "known keys");
        }
    }
}

sealed record ModelFamilyFile(IReadOnlyList<ModelFamily> Families);

sealed record ModelFamily
{
    /// <summary>As the catalogue calls it, or a model type of Hugging Face.</summary>
    public required string Name { get; init; }

    public required string Source { get; init; }

    public required string AsOf { get; init; }

    public bool NormalisesQueries { get; init; }

    public bool BlockScaledFp8 { get; init; }

    public bool ExpertsOnlyFp4 { get; init; }

    public bool ExpertsOnlyInt4 { get; init; }

    /// <summary>How to read the family's <c>config.json</c>; null where none is read.</summary>
    public ConfigRules? Config { get; init; }
}

/// <summary>What a family's class in Transformers knows and its <c>config.json</c> does not say.</summary>
sealed record ConfigRules
{
    public bool Latent { get; init; }

    public LayerWindows Windows { get; init; }

    /// <summary>Whether embeddings are tied where the file does not say.</summary>
    public bool Tied { get; init; }

    /// <summary>Whether the shared expert is as wide as a dense layer.</summary>
    public bool SharedExpertIsIntermediate { get; init; }

    /// <summary>What the class supplies when a config leaves it out, as the published ones do.</summary>
    public ConfigDefaults? Defaults { get; init; }
}

sealed record ConfigDefaults(int Vocabulary, int Heads, int KvHeads, int HeadDim, int Window);

enum LayerWindows
{
    None,

    /// <summary>Only where <c>layer_types</c> or <c>use_sliding_window</c> says so.</summary>
    AsListed,

    /// <summary>Every layer, when <c>sliding_window</c> is set.</summary>
    AllLayers,

    /// <summary>Every second layer.</summary>
    Alternate,

    /// <summary>All but every sixth layer.</summary>
    FiveOfSix,

    /// <summary>Chunked attention in all but every fourth layer.</summary>
    ThreeOfFour,
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(LayerWindowsJson)])]
[JsonSerializable(typeof(ModelFamilyFile))]
sealed partial class ModelFamilyJson : JsonSerializerContext;

/// <summary>Windows as <c>five-of-six</c>.</summary>
sealed class LayerWindowsJson() : JsonStringEnumConverter<LayerWindows>(JsonNamingPolicy.KebabCaseLower);
