using System;
using System.Linq;
using Plimsoll.Core.Draws;
using Plimsoll.Inputs.Gguf;

namespace Plimsoll.Engine.Placeholder;

/// <summary>
/// A model of random weights with a real tokenizer and chat template: what it says is noise, but
/// it is computed, batched, cached and metered as any model's answer is. The same shape and seed
/// give the same file.
/// </summary>
public static class PlaceholderModel
{
    /// <summary>Numbers of the largest matrix that is drawn whole; a larger one repeats a part.</summary>
    const int MostDrawn = 1 << 21;

    /// <summary>Numbers of that part: whole blocks, and no multiple of a row, so that rows differ.</summary>
    const int Part = 32 * 32_771;

    public const string Description =
        "random weights: for trying the server and for tests; what it answers has no meaning";

    const string Text =
        "The load line is the mark on a ship's hull that shows how heavily it may be loaded for the waters "
            + "it will meet. The model answers the question that the user asks, and the system shows what a "
            + "token costs at the promised latency. There is no answer without the promise; there is no "
            + "promise without the load. What is the load line of the engine? The engine serves the user "
            + "first and the batch in the slack. A step of the engine computes the tokens of the batch, and "
            + "the time of the step is the time that the user waits. { \"name\": \"value\", \"type\": "
            + "\"string\" } and the result of the function is that there are other things with which you can "
            + "work. I am here to help you with that.\n";

    const string ChatTemplate =
        "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
        + "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    /// <summary>Sizes of a model to make.</summary>
    /// <param name="Embedding">Width; a multiple of 32.</param>
    /// <param name="HeadWidth">Width of one attention head; even.</param>
    /// <param name="Vocabulary">Least number of tokens; those that no text becomes have names only.</param>
    public sealed record Shape(
        int Embedding = 64, int Layers = 2, int Heads = 4, int KeyHeads = 2, int FeedForward = 128,
        int Context = 4096, int HeadWidth = 16, int Merges = 256, TensorFormat Format = TensorFormat.Q8_0,
        int Vocabulary = 0);

    public static GgufWriter Make(Shape shape, ulong seed = 1)
    {
        var tokenizer = new ByteTokenizer(Text, shape.Merges, "<|endoftext|>", "<|im_start|>", "<|im_end|>");
        var special = tokenizer.FirstSpecial;
        var tokens = tokenizer.Tokens.Concat(Enumerable
            .Range(0, Math.Max(0, shape.Vocabulary - tokenizer.Tokens.Count))
            .Select(i => $"word{i}")).ToArray();
        var writer = new GgufWriter("llama")
            .Set("general.name", "plimsoll placeholder")
            .Set("general.description", Description)
            .Set("llama.vocab_size", (uint)tokens.Length)
            .Set("llama.context_length", (uint)shape.Context)
            .Set("llama.embedding_length", (uint)shape.Embedding)
            .Set("llama.block_count", (uint)shape.Layers)
            .Set("llama.feed_forward_length", (uint)shape.FeedForward)
            .Set("llama.rope.dimension_count", (uint)shape.HeadWidth)
            .Set("llama.attention.head_count", (uint)shape.Heads)
            .Set("llama.attention.head_count_kv", (uint)shape.KeyHeads)
            .Set("llama.attention.key_length", (uint)shape.HeadWidth)
            .Set("llama.attention.value_length", (uint)shape.HeadWidth)
            .Set("llama.attention.layer_norm_rms_epsilon", 1e-5f)
            .Set("tokenizer.ggml.model", "gpt2")
            .Set("tokenizer.ggml.pre", "gpt-2")
            .Set("tokenizer.ggml.tokens", tokens)
            .Set("tokenizer.ggml.token_type",
                tokens.Select((_, i) => i < special || i >= tokenizer.Tokens.Count ? 1 : 3).ToArray())
            .Set("tokenizer.ggml.merges", tokenizer.Merges.ToArray())
            .Set("tokenizer.ggml.eos_token_id", (uint)(special + 2))
            .Set("tokenizer.ggml.padding_token_id", (uint)special)
            .Set("tokenizer.ggml.add_bos_token", false)
            .Set("tokenizer.chat_template", ChatTemplate);
        AddTensors(writer, shape, tokens.Length, seed);
        return writer;
    }

    static void AddTensors(GgufWriter writer, Shape shape, int vocabulary, ulong seed)
    {
        var random = new RandomStream(seed);
        var width = shape.Embedding;
        var queries = shape.Heads * shape.HeadWidth;
        var keys = shape.KeyHeads * shape.HeadWidth;

        void Matrix(string name, int from, int to)
        {
            if ((long)from * to <= MostDrawn)
            {
                writer.Add(name, [from, to], shape.Format, Weights(ref random, from, from * to));
                return;
            }
            var part = TensorNumbers.Encode(Weights(ref random, from, Part), shape.Format);
            writer.Add(name, [from, to], shape.Format, () => Repeated(
                part, checked((int)shape.Format.BytesFor((long)from * to))));
        }
        void Norm(string name) =>
            writer.Add(name, [width], TensorFormat.F32, [.. Enumerable.Repeat(1f, width)]);

        Matrix("token_embd.weight", width, vocabulary);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var block = $"blk.{layer}.";
            Norm(block + "attn_norm.weight");
            Matrix(block + "attn_q.weight", width, queries);
            Matrix(block + "attn_k.weight", width, keys);
            Matrix(block + "attn_v.weight", width, keys);
            Matrix(block + "attn_output.weight", queries, width);
            Norm(block + "ffn_norm.weight");
            Matrix(block + "ffn_gate.weight", width, shape.FeedForward);
            Matrix(block + "ffn_up.weight", width, shape.FeedForward);
            Matrix(block + "ffn_down.weight", shape.FeedForward, width);
        }
        Norm("output_norm.weight");
        Matrix("output.weight", width, vocabulary);
    }

    /// <summary>Uniform weights that keep the size of what passes through them.</summary>
    static float[] Weights(ref RandomStream random, int from, int count)
    {
        var gain = 2 * MathF.Sqrt(3f / from);
        var values = new float[count];
        for (var i = 0; i < values.Length; i++)
            values[i] = ((float)random.NextDouble() - 0.5f) * gain;
        return values;
    }

    static byte[] Repeated(byte[] part, int length)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(length);
        for (var at = 0; at < length; at += part.Length)
            part.AsSpan(0, Math.Min(part.Length, length - at)).CopyTo(bytes.AsSpan(at));
        return bytes;
    }
}
