using System;
using Plimsoll.Core.Draws;
using Plimsoll.Inputs.Gguf;

namespace Plimsoll.Tests.Engine.LlamaCpp;

/// <summary>
/// An image projector of random weights, small and square: 64 patches of a picture of 32 by 32. Of type
/// <c>mlp</c> an image is 64 tokens in order; of type <c>gemma3</c> 16 that look at each other both ways.
/// </summary>
static class TestProjector
{
    const int Width = 32;
    const int Inner = 64;
    const int Image = 32;
    const int Patch = 4;

    /// <param name="type">libmtmd's name of it.</param>
    /// <param name="modelWidth">Width of the model that reads it.</param>
    public static GgufWriter Make(string type, int modelWidth)
    {
        var random = new RandomStream(3);
        var writer = Described(type, modelWidth);
        Add("v.patch_embd.weight", Patch, Patch, 3, Width);
        Add("v.position_embd.weight", Width, Image / Patch * Image / Patch);
        for (var layer = 0; layer < 2; layer++)
        {
            var block = $"v.blk.{layer}.";
            foreach (var matrix in new[] { "attn_q", "attn_k", "attn_v", "attn_out" })
            {
                Add($"{block}{matrix}.weight", Width, Width);
                Add($"{block}{matrix}.bias", Width);
            }
            Norm(block + "ln1");
            Norm(block + "ln2");
            Add(block + "ffn_up.weight", Width, Inner);
            Add(block + "ffn_up.bias", Inner);
            Add(block + "ffn_down.weight", Inner, Width);
            Add(block + "ffn_down.bias", Width);
        }
        Norm("v.post_ln");
        if (type == "mlp")
        {
            Add("mm.0.weight", Width, modelWidth);
            Add("mm.0.bias", modelWidth);
            Add("mm.2.weight", modelWidth, modelWidth);
            Add("mm.2.bias", modelWidth);
            return writer;
        }
        writer.Set("clip.vision.projector.scale_factor", 2u);
        Add("mm.input_projection.weight", modelWidth, Width);
        Add("mm.soft_emb_norm.weight", Width);
        return writer;

        void Norm(string name)
        {
            Add(name + ".weight", Width);
            Add(name + ".bias", Width);
        }

        void Add(string name, params long[] shape)
        {
            var count = 1L;
            foreach (var length in shape)
                count *= length;
            var values = new float[count];
            for (var i = 0; i < values.Length; i++)
                values[i] = ((float)random.NextDouble() - 0.5f) * 2 * MathF.Sqrt(3f / shape[0]);
            writer.Add(name, shape, TensorFormat.F32, values);
        }
    }

    static GgufWriter Described(string type, int modelWidth) => new GgufWriter("clip")
        .Set("general.type", "mmproj")
        .Set("clip.has_vision_encoder", true)
        .Set("clip.projector_type", type)
        .Set("clip.use_gelu", true)
        .Set("clip.vision.image_size", (uint)Image)
        .Set("clip.vision.patch_size", (uint)Patch)
        .Set("clip.vision.embedding_length", (uint)Width)
        .Set("clip.vision.feed_forward_length", (uint)Inner)
        .Set("clip.vision.block_count", 2u)
        .Set("clip.vision.attention.head_count", 2u)
        .Set("clip.vision.projection_dim", (uint)modelWidth)
        .Set("clip.vision.attention.layer_norm_epsilon", 1e-6f)
        .Set("clip.vision.image_mean", new[] { 0.5f, 0.5f, 0.5f })
        .Set("clip.vision.image_std", new[] { 0.5f, 0.5f, 0.5f });
}
