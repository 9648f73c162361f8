using System;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Gguf;

/// <summary>
/// Which base an adapter was trained on. llama.cpp compares shapes only: on another base of the same shape an
/// adapter loads without an error and answers garbage.
/// </summary>
public static class AdapterIdentity
{
    /// <summary>
    /// In a base: SHA-256 of the weights it was converted from, the same for every quantisation.
    /// </summary>
    public const string WeightsKey = "plimsoll.weights_sha256";

    /// <summary>In an adapter: that of its base.</summary>
    public const string BaseKey = "plimsoll.base_weight_hash";

    /// <summary>In an adapter: of the chat template it was trained with.</summary>
    public const string TemplateKey = "plimsoll.template_sha256";

    /// <exception cref="BadInputException">No adapter, one of another architecture, or one that names
    /// another base. One that names none passes.</exception>
    public static void Check(GgufFile model, GgufFile adapter)
    {
        if (adapter.Text("general.type") != "adapter" || adapter.Text("adapter.type") != "lora")
            throw new BadInputException($"{adapter.Path} is no LoRA adapter");
        if (adapter.Architecture != model.Architecture)
        {
            throw new BadInputException($"{adapter.Path} is for {adapter.Architecture}; {model.Path} is "
                + $"{model.Architecture}");
        }
        if (adapter.Text(BaseKey) is not { } named)
            return;
        var weights = model.Text(WeightsKey) ?? model.WeightHash();
        if (!string.Equals(named, weights, StringComparison.Ordinal) && named != model.WeightHash())
        {
            throw new BadInputException($"{adapter.Path} was trained on the base {Short(named)}; "
                + $"{model.Path} holds {Short(weights)}, other weights");
        }
    }

    static string Short(string hash) => hash.Length > 12 ? hash[..12] : hash;
}
