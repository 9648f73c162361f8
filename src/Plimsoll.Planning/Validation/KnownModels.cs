using System;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Planning.Validation;

/// <summary>Models and formats as measurements name them.</summary>
static class KnownModels
{
    /// <summary>What a release appends to a name without changing the architecture.</summary>
    static readonly string[] Suffixes = ["-FP8", "-2507", "-0528", "-v0.1", "-Instruct", "-Thinking"];

    /// <summary>The catalogue's model, or null when it has none of that architecture.</summary>
    public static ModelSpec? Find(string name)
    {
        foreach (var suffix in Suffixes)
            name = name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase) ? name[..^suffix.Length] : name;
        // The coder is the same network, trained on.
        var wanted = Names.PlainModel(name.Replace("Qwen3-Coder-30B", "Qwen3-30B", StringComparison.Ordinal));
        foreach (var model in Catalogue.BuiltIn.Models)
        {
            if (Names.PlainModel(model.Name) == wanted)
                return model;
        }
        return null;
    }

    /// <summary>A format by any of the names in use; null for one that is not supported.</summary>
    public static NumberFormat? Format(string name) => name.ToLowerInvariant() switch
    {
        "bfloat16" or "float16" or "bf16" or "fp16" => NumberFormat.Bf16,
        "fp8" => NumberFormat.Fp8,
        "mxfp4" or "nvfp4" or "fp4" => NumberFormat.Fp4,
        _ => null,
    };
}
