using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text;
using Plimsoll.Core;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>A model's vocabulary: text to tokens and back, byte for byte.</summary>
public sealed unsafe class LlamaTokenizer
{
    readonly nint _vocabulary;
    readonly byte[][] _pieces;
    readonly string?[] _texts;
    readonly bool[] _ends;
    readonly Lazy<VocabularyOrder> _order;

    internal LlamaTokenizer(nint vocabulary, string path)
    {
        _vocabulary = vocabulary;
        Size = Libllama.llama_vocab_n_tokens(vocabulary);
        // Type 0 is no vocabulary: tokenizing with it ends the process.
        if (vocabulary == 0 || Size <= 0 || Libllama.llama_vocab_type(vocabulary) == 0)
        {
            throw new BadInputException(
                $"{path} has no tokenizer that llama.cpp knows; a whole model in GGUF was expected");
        }
        _pieces = new byte[Size][];
        _texts = new string?[Size];
        _ends = new bool[Size];
        for (var token = 0; token < Size; token++)
        {
            _pieces[token] = ReadPiece(token);
            _texts[token] = Whole(_pieces[token]);
            _ends[token] = Libllama.llama_vocab_is_eog(vocabulary, token);
        }
        _order = new Lazy<VocabularyOrder>(() => new VocabularyOrder(this));
        BeginToken = Libllama.llama_vocab_bos(vocabulary);
        EndToken = Libllama.llama_vocab_eos(vocabulary);
    }

    /// <summary>Tokens in the vocabulary.</summary>
    public int Size { get; }

    /// <summary>What begins a sequence; negative when nothing does.</summary>
    public int BeginToken { get; }

    /// <summary>What ends an answer; negative when nothing does.</summary>
    public int EndToken { get; }

    internal nint Handle => _vocabulary;

    /// <summary>Its tokens by their bytes; made when a grammar first needs it.</summary>
    internal VocabularyOrder Order => _order.Value;

    /// <summary>Whether the token ends an answer.</summary>
    public bool IsEnd(int token) => _ends[token];

    /// <summary>A token's bytes, as a reader sees them: control tokens have none.</summary>
    public ReadOnlySpan<byte> Bytes(int token) => _pieces[token];

    /// <summary>A token's text where its bytes are whole characters; null where they are parts.</summary>
    public string? Text(int token) => _texts[token];

    /// <summary>The text of a special token, as it is written in a prompt.</summary>
    public string SpecialText(int token) =>
        token < 0 ? "" : Encoding.UTF8.GetString(ReadPiece(token, special: true));

    public int[] Encode(ReadOnlySpan<char> text, bool addSpecial, bool parseSpecial = true)
    {
        // libllama counts bytes in an int and makes at most one token of each, and a few of its own.
        if (text.Length > 1 << 26)
        {
            throw new EngineRefusalException(
                $"a text of {text.Length} characters is too long to be tokenized");
        }
        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        var tokens = ArrayPool<int>.Shared.Rent(Encoding.UTF8.GetByteCount(text) + 8);
        try
        {
            var length = Encoding.UTF8.GetBytes(text, bytes);
            int count;
            fixed (byte* source = bytes)
            fixed (int* target = tokens)
            {
                count = Libllama.llama_tokenize(
                    _vocabulary, source, length, target, tokens.Length, addSpecial, parseSpecial);
            }
            return count >= 0
                ? tokens[..count]
                : throw new EngineRefusalException(
                    "the model's tokenizer makes more tokens of the text than it has bytes");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
            ArrayPool<int>.Shared.Return(tokens);
        }
    }

    public string Decode(ReadOnlySpan<int> tokens)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens)
        {
            if ((uint)token >= (uint)Size)
                throw new EngineRefusalException($"token {token} is not in the vocabulary of {Size}");
            bytes.AddRange(_pieces[token]);
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }

    byte[] ReadPiece(int token, bool special = false)
    {
        Span<byte> buffer = stackalloc byte[256];
        fixed (byte* target = buffer)
        {
            var length = Libllama.llama_token_to_piece(_vocabulary, token, target, buffer.Length, 0, special);
            if (length >= 0)
                return buffer[..length].ToArray();
            var bytes = new byte[-length];
            fixed (byte* longer = bytes)
                Libllama.llama_token_to_piece(_vocabulary, token, longer, bytes.Length, 0, special);
            return bytes;
        }
    }

    static string? Whole(byte[] bytes)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
