using System;
using LLama.Native;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// A model of libllama's, loaded. Whatever is wrong with the file is a <see cref="BadInputException"/>: what
/// could end the process inside libllama is looked for here first.
/// </summary>
public sealed class LlamaModel : IDisposable
{
    nint _handle;

    LlamaModel(nint handle, string path, GgufFacts facts)
    {
        _handle = handle;
        Path = path;
        Facts = facts;
        Tokenizer = new LlamaTokenizer(Libllama.llama_model_get_vocab(handle), path);
    }

    public string Path { get; }

    /// <summary>What the file says of itself.</summary>
    public GgufFacts Facts { get; }

    public LlamaTokenizer Tokenizer { get; }

    /// <summary>Longest context it was trained for, tokens.</summary>
    public int TrainedContext => Libllama.llama_model_n_ctx_train(Handle);

    /// <summary>Length of an embedding.</summary>
    public int EmbeddingLength => Libllama.llama_model_n_embd_out(Handle);

    internal nint Handle => _handle != 0 ? _handle : throw new ObjectDisposedException(nameof(LlamaModel));

    /// <param name="path">A GGUF file.</param>
    /// <param name="gpuLayers">Layers that a GPU computes, where the library has one.</param>
    public static LlamaModel Load(string path, int gpuLayers = 0)
    {
        GgufFacts facts;
        using (var file = GgufFile.Open(path))
            facts = GgufFacts.OfModel(file);
        var parameters = LLamaModelParams.Default();
        parameters.n_gpu_layers = gpuLayers;
        parameters.check_tensors = false;
        var (handle, complaint) =
            LlamaLibrary.Listen(() => Libllama.llama_model_load_from_file(path, parameters));
        if (handle == 0)
        {
            throw new BadInputException(
                $"{path} is no model that llama.cpp can serve: "
                    + $"{(complaint.Length > 0 ? complaint : "it gives no reason")}");
        }
        try
        {
            if (Libllama.llama_model_is_recurrent(handle) || Libllama.llama_model_is_hybrid(handle))
            {
                throw new BadInputException(
                    $"{path} keeps a recurrent state ({facts.Architecture}), which cannot be cut and "
                        + $"shared as KV is; an attention-only model was expected");
            }
            if (Libllama.llama_model_has_encoder(handle))
            {
                throw new BadInputException(
                    $"{path} has an encoder ({facts.Architecture}); a decoder-only model was expected");
            }
            return new LlamaModel(handle, path, facts);
        }
        catch
        {
            Libllama.llama_model_free(handle);
            throw;
        }
    }

    public void Dispose()
    {
        if (_handle == 0)
            return;
        Libllama.llama_model_free(_handle);
        _handle = 0;
    }
}
