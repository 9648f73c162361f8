using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;

namespace Plimsoll.Tune.Figures;

/// <summary>
/// The incumbent of the migration example: the built-in model at twice its depth. Each layer is followed by a
/// copy whose outputs are zero, so that it says at first what the small one says, and learns more.
/// </summary>
static class DeeperModel
{
    static readonly string[] _outputs = ["self_attn.o_proj.weight", "mlp.down_proj.weight"];

    public static void Write(string modelFolder, string folder)
    {
        if (Directory.Exists(folder))
            throw new BadInputException($"{folder}: exists already; expected a new folder");
        using var small = ModelFolder.Open(modelFolder);
        var config = small.Config with { Layers = 2 * small.Config.Layers };
        ModelFolder.WriteParts(folder, config, small.Tokenizer, small.Template.Source);
        using (var stream = File.Create(Path.Combine(folder, ModelFolder.WeightsFile)))
            Safetensors.Write(stream, Tensors(small, config));
        Console.WriteLine($"{folder}: {config.Parameters:N0} parameters in {config.Layers} layers, "
            + $"{small.Config.Parameters:N0} in {small.Config.Layers} before");
    }

    static IEnumerable<NamedTensor> Tensors(ModelFolder small, ModelConfig config)
    {
        const string layers = "model.layers.";
        foreach (var (name, shape) in config.Weights())
        {
            if (!name.StartsWith(layers, StringComparison.Ordinal))
            {
                yield return small.Read(name);
                continue;
            }
            var end = name.IndexOf('.', layers.Length);
            var layer = int.Parse(name.AsSpan(layers.Length, end - layers.Length));
            var values = small.Read($"{layers}{layer / 2}{name[end..]}").ToFloats();
            if (layer % 2 == 1 && _outputs.Contains(name[(end + 1)..]))
                Array.Clear(values);
            yield return NamedTensor.Of(name, shape, values);
        }
    }
}
