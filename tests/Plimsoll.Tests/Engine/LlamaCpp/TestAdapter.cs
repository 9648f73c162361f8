using System.IO;
using Plimsoll.Core.Draws;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Inputs.Gguf;

namespace Plimsoll.Tests.Engine.LlamaCpp;

/// <summary>Adapters of the tiny model, whole and broken.</summary>
static class TestAdapter
{
    public static GgufWriter Writer(
        int seed, int rank = 4, string architecture = "llama", string? baseHash = null, int width = 64)
    {
        var random = new RandomStream((ulong)seed);
        var writer = new GgufWriter(architecture)
            .Set("general.type", "adapter")
            .Set("adapter.type", "lora")
            .Set("adapter.lora.alpha", 16f);
        if (baseHash is not null)
            writer.Set(LlamaAdapter.BaseHashKey, baseHash);
        for (var layer = 0; layer < 2; layer++)
        {
            writer.Add(
                $"blk.{layer}.attn_q.weight.lora_a", [width, rank], TensorFormat.F32,
                Numbers(ref random, width * rank));
            writer.Add(
                $"blk.{layer}.attn_q.weight.lora_b", [rank, width], TensorFormat.F32,
                Numbers(ref random, width * rank));
            writer.Add(
                $"blk.{layer}.ffn_down.weight.lora_a", [128, rank], TensorFormat.F32,
                Numbers(ref random, 128 * rank));
            writer.Add(
                $"blk.{layer}.ffn_down.weight.lora_b", [rank, width], TensorFormat.F32,
                Numbers(ref random, rank * width));
        }
        return writer;
    }

    public static string Save(GgufWriter writer, string name)
    {
        var path = Path.Combine(TestModel.Folder, name + ".gguf");
        writer.Save(path);
        return path;
    }

    public static float[] Numbers(ref RandomStream random, int count)
    {
        var numbers = new float[count];
        for (var i = 0; i < count; i++)
            numbers[i] = ((float)random.NextDouble() - 0.5f) * 0.5f;
        return numbers;
    }
}
