using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;
using Plimsoll.Core.Draws;
using static TorchSharp.torch;

namespace Plimsoll.Tuning.Trainer;

/// <summary>
/// The factors of an adapter. A starts drawn, B at zero, so that training starts at the base exactly.
/// </summary>
sealed class LoraWeights
{
    LoraWeights(LoraConfig config) => Config = config;

    public LoraConfig Config { get; }

    /// <summary>By PEFT's names; in order of name.</summary>
    public SortedDictionary<string, Tensor> Factors { get; } = new(StringComparer.Ordinal);

    public static LoraWeights Draw(LoraConfig config, ModelConfig model, ulong seed)
    {
        var draws = new RandomStream(seed, purpose: 0x10aa);
        var lora = new LoraWeights(config);
        var known = model.Projections().Select(p => p.Name[(p.Name.IndexOf('.') + 1)..]).ToList();
        foreach (var target in config.Targets)
        {
            if (!known.Contains(target))
                throw new BadInputException($"lora target {target}; expected {string.Join(", ", known)}");
        }
        for (var layer = 0; layer < model.Layers; layer++)
        {
            foreach (var (name, rows, columns) in model.Projections())
            {
                if (!config.Targets.Contains(name[(name.IndexOf('.') + 1)..]))
                    continue;
                var weight = $"model.layers.{layer}.{name}";
                var bound = 1 / Math.Sqrt(columns);
                var a = new float[config.Rank * columns];
                for (var i = 0; i < a.Length; i++)
                    a[i] = (float)((2 * draws.NextDouble() - 1) * bound);
                lora.Factors.Add(PeftAdapter.NameOf(weight, 'A'), tensor(a, [config.Rank, columns]));
                lora.Factors.Add(PeftAdapter.NameOf(weight, 'B'), zeros(rows, config.Rank));
            }
        }
        return lora;
    }

    public static LoraWeights Load(string folder, ModelConfig model)
    {
        var lora = new LoraWeights(PeftAdapter.ReadConfig(folder));
        foreach (var (weight, (a, b)) in PeftAdapter.ReadWeights(folder, lora.Config, model))
        {
            lora.Factors.Add(PeftAdapter.NameOf(weight, 'A'), Weights.Of(a, a.Shape));
            lora.Factors.Add(PeftAdapter.NameOf(weight, 'B'), Weights.Of(b, b.Shape));
        }
        return lora;
    }
}
