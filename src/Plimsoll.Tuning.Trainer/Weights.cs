using System;
using System.Collections.Generic;
using Plimsoll.Tuning.Formats;
using Plimsoll.Core.Draws;
using static TorchSharp.torch;

namespace Plimsoll.Tuning.Trainer;

/// <summary>Tensors between files and libtorch, in float32.</summary>
static class Weights
{
    public static Dictionary<string, Tensor> Load(ModelFolder folder)
    {
        var weights = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (name, shape) in folder.Config.Weights())
            weights.Add(name, Of(folder.Read(name), shape));
        return weights;
    }

    /// <summary>
    /// GPT-2's first weights: normal, 0.02, narrower where they write into the residual stream.
    /// </summary>
    public static Dictionary<string, Tensor> Draw(ModelConfig config, ulong seed)
    {
        var draws = new RandomStream(seed, purpose: 0x3e1);
        var weights = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (name, shape) in config.Weights())
        {
            var isNorm = name.EndsWith("norm.weight", StringComparison.Ordinal);
            var writes = name.Contains("o_proj") || name.Contains("down_proj");
            var scale = shape.Length == 1 ? 0 : writes ? 0.02 / Math.Sqrt(2 * config.Layers) : 0.02;
            var values = new float[shape.Length == 1 ? shape[0] : shape[0] * shape[1]];
            for (var i = 0; i < values.Length; i++)
                values[i] = isNorm ? 1 : scale == 0 ? 0 : (float)(scale * draws.NextNormal());
            weights.Add(name, tensor(values, shape));
        }
        return weights;
    }

    public static Tensor Of(NamedTensor stored, long[] shape) => tensor(stored.ToFloats(), shape);

    public static NamedTensor Save(string name, Tensor value)
    {
        using var plain = value.detach().contiguous();
        return new NamedTensor(name, TensorType.F32, value.shape, plain.bytes.ToArray());
    }

    public static Tensor Longs(long[] values, params long[] shape) => tensor(values, shape);
}
