using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using Plimsoll.Core;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// What makes an image into tokens of a model (libmtmd's, from a file of its own). Prompts are cut up on
/// whatever thread they arrive; images are encoded on the engine's.
/// </summary>
sealed unsafe class Projector : IDisposable
{
    readonly string _path;
    readonly int _width;
    readonly Lock _gate = new();
    nint _handle;

    Projector(nint handle, string path, string marker, int width)
    {
        (_handle, _path, Marker, _width) = (handle, path, marker, width);
        SeesBothWays = Libmtmd.mtmd_decode_use_non_causal(handle, 0);
        MostTokens = SeesBothWays ? TokensOf(new ImagePixels(64, 64, new byte[3 * 64 * 64])) : 1;
    }

    /// <summary>
    /// What stands for an image in a rendered chat. Nobody who writes a message knows it.
    /// </summary>
    public string Marker { get; }

    /// <summary>Whether an image's tokens see each other both ways, and so are computed at once.</summary>
    public bool SeesBothWays { get; }

    /// <summary>Tokens that must fit into one computation.</summary>
    public int MostTokens { get; }

    /// <param name="path">The projector's file (mmproj).</param>
    /// <param name="model">The model that it belongs to.</param>
    /// <param name="threads">Compute threads.</param>
    /// <param name="gpu">Whether a GPU computes it.</param>
    public static Projector Load(string path, LlamaModel model, int threads, bool gpu)
    {
        ProjectorFacts.Check(path);
        LlamaLibrary.LoadImages();
        var marker = $"<image-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}>";
        var text = Marshal.StringToCoTaskMemUTF8(marker);
        try
        {
            var parameters = Libmtmd.mtmd_context_params_default();
            (parameters.UseGpu, parameters.PrintTimings) = ((byte)(gpu ? 1 : 0), 0);
            (parameters.Threads, parameters.MediaMarker) = (threads, text);
            var (handle, complaint) = LlamaLibrary.Listen(
                () => Libmtmd.mtmd_init_from_file(path, model.Handle, parameters));
            if (handle == 0)
            {
                throw new BadInputException($"{path} is no projector for {model.Path}: "
                    + (complaint.Length > 0 ? complaint : "llama.cpp gives no reason"));
            }
            var width = Libllama.llama_model_n_embd_inp(model.Handle);
            var projector = new Projector(handle, path, marker, width);
            if (Libmtmd.mtmd_support_vision(handle) && !Libmtmd.mtmd_decode_use_mrope(handle))
                return projector;
            var sees = Libmtmd.mtmd_support_vision(handle);
            projector.Dispose();
            throw new BadInputException(sees
                ? $"{path} gives an image's tokens places in rows and columns (M-RoPE), which is not served; "
                    + "expected a projector whose tokens follow each other"
                : $"{path} sees no images; a projector for them was expected");
        }
        finally
        {
            Marshal.FreeCoTaskMem(text);
        }
    }

    /// <summary>A rendered chat with its images, in the order of their marks; one after the other.</summary>
    public EncodedPrompt Encode(string text, IReadOnlyList<ImagePixels> images)
    {
        lock (_gate)
        {
            return _handle != 0 ? Cut(text, images)
                : throw new EngineRefusalException("the engine has stopped");
        }
    }

    EncodedPrompt Cut(string text, IReadOnlyList<ImagePixels> images)
    {
        var chunks = Chunks(text, images);
        try
        {
            var tokens = new List<int>();
            var parts = new List<PromptImage>();
            var seen = new Dictionary<string, int>(StringComparer.Ordinal);
            for (nuint i = 0; i < Libmtmd.mtmd_input_chunks_size(chunks); i++)
            {
                var chunk = Libmtmd.mtmd_input_chunks_get(chunks, i);
                nuint count;
                if (Libmtmd.mtmd_input_chunk_get_type(chunk) != Libmtmd.ImageChunk)
                {
                    var words = Libmtmd.mtmd_input_chunk_get_tokens_text(chunk, &count);
                    tokens.AddRange(new ReadOnlySpan<int>(words, (int)count));
                    continue;
                }
                count = Libmtmd.mtmd_input_chunk_get_n_tokens(chunk);
                var copy = new ImageChunk(Libmtmd.mtmd_input_chunk_copy(chunk));
                parts.Add(new ProjectedImage(tokens.Count, (int)count, copy));
                var name = Marshal.PtrToStringUTF8(Libmtmd.mtmd_input_chunk_get_id(chunk)) ?? "";
                seen[name] = seen.GetValueOrDefault(name) + 1;
                AddNames(tokens, $"{name}/{seen[name]}", (int)count);
            }
            return new EncodedPrompt([.. tokens], parts);
        }
        finally
        {
            Libmtmd.mtmd_input_chunks_free(chunks);
        }
    }

    /// <summary>An image's tokens as the model reads them, a row each; null where that fails.</summary>
    public float[]? Rows(ProjectedImage image)
    {
        if (Libmtmd.mtmd_encode_chunk(_handle, image.Chunk.DangerousGetHandle()) != 0)
            return null;
        var rows = Libmtmd.mtmd_get_output_embd(_handle);
        return rows is null ? null : new ReadOnlySpan<float>(rows, image.Count * _width).ToArray();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_handle != 0)
                Libmtmd.mtmd_free(_handle);
            _handle = 0;
        }
    }

    int TokensOf(ImagePixels image)
    {
        var prompt = Encode(Marker, [image]);
        var most = 0;
        foreach (var part in prompt.Images)
            most = Math.Max(most, part.Count);
        return most;
    }

    /// <summary>libmtmd's chunks, which the caller frees.</summary>
    nint Chunks(string text, IReadOnlyList<ImagePixels> images)
    {
        var bitmaps = new nint[images.Count];
        var chunks = Libmtmd.mtmd_input_chunks_init();
        var result = -1;
        try
        {
            for (var i = 0; i < bitmaps.Length; i++)
                bitmaps[i] = Bitmap(images[i]);
            var bytes = Encoding.UTF8.GetBytes(text);
            fixed (byte* utf8 = bytes)
            fixed (nint* all = bitmaps)
            {
                var whole = new Libmtmd.Text { Utf8 = utf8, Length = (nuint)bytes.Length, ParseSpecial = 1 };
                result = Libmtmd.mtmd_tokenize(_handle, chunks, &whole, all, (nuint)bitmaps.Length);
            }
            return result == 0 ? chunks : throw new EngineRefusalException(result == 1
                ? "the model's chat template drops images, or repeats them"
                : $"{System.IO.Path.GetFileName(_path)} makes nothing of an image");
        }
        finally
        {
            foreach (var bitmap in bitmaps)
                Libmtmd.mtmd_bitmap_free(bitmap);
            if (result != 0)
                Libmtmd.mtmd_input_chunks_free(chunks);
        }
    }

    static nint Bitmap(ImagePixels image)
    {
        if (image.Width < 1 || image.Height < 1 || image.Rgb.Length != 3L * image.Width * image.Height)
            throw new EngineRefusalException("an image's pixels are not as many as it says");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(BitConverter.GetBytes(image.Width));
        hash.AppendData(image.Rgb);
        fixed (byte* rgb = image.Rgb)
        {
            var bitmap = Libmtmd.mtmd_bitmap_init((uint)image.Width, (uint)image.Height, rgb);
            Libmtmd.mtmd_bitmap_set_id(bitmap, Convert.ToHexStringLower(hash.GetHashAndReset()));
            return bitmap;
        }
    }

    /// <summary>Names below zero that only the same part of the same image has.</summary>
    static void AddNames(List<int> tokens, string image, int count)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        for (var i = 0; i < count; i++)
        {
            var word = i % (hash.Length / sizeof(int));
            if (word == 0)
                SHA256.HashData(Encoding.UTF8.GetBytes($"{image}/{i}"), hash);
            tokens.Add(BitConverter.ToInt32(hash[(word * sizeof(int))..]) | int.MinValue);
        }
    }
}
