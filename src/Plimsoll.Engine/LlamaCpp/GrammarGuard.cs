using System;
using System.Runtime.InteropServices;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// Holds one answer to a grammar. A token is drawn freely and checked, which costs a microsecond; the grammar
/// looks over the whole vocabulary only when it refuses. A token that it forbids is never accepted: libllama
/// ends the process over one.
/// </summary>
sealed unsafe class GrammarGuard : IDisposable
{
    readonly LlamaTokenizer _tokenizer;
    readonly Libllama.TokenData* _all;
    nint _sampler;

    /// <param name="tokenizer">Whose tokens.</param>
    /// <param name="grammar">GBNF that <see cref="Grammars.GbnfGrammar"/> has read: libllama makes a null of
    /// a bad one.</param>
    public GrammarGuard(LlamaTokenizer tokenizer, string grammar)
    {
        _tokenizer = tokenizer;
        _sampler = Libllama.llama_sampler_init_grammar(tokenizer.Handle, grammar, "root");
        if (_sampler == 0)
        {
            throw new EngineRefusalException(
                "grammar: llama.cpp does not take it; expected GBNF with a rule named root");
        }
        _all = (Libllama.TokenData*)NativeMemory.Alloc(
            (nuint)tokenizer.Size, (nuint)sizeof(Libllama.TokenData));
    }

    /// <summary>Whether the grammar lets the answer go on with this token.</summary>
    public bool Allows(int token)
    {
        Libllama.TokenData one = new() { Token = token };
        Libllama.TokenDataArray candidates = new() { Data = &one, Size = 1, Selected = -1 };
        Libllama.llama_sampler_apply(Handle, &candidates);
        return !float.IsNegativeInfinity(one.Logit);
    }

    /// <summary>
    /// Copies logits, those of forbidden tokens as minus infinity. False when nothing is allowed.
    /// </summary>
    public bool Mask(ReadOnlySpan<float> logits, Span<float> masked)
    {
        for (var token = 0; token < logits.Length; token++)
            _all[token] = new Libllama.TokenData { Token = token, Logit = logits[token] };
        Libllama.TokenDataArray candidates =
            new() { Data = _all, Size = (nuint)logits.Length, Selected = -1 };
        Libllama.llama_sampler_apply(Handle, &candidates);
        var any = false;
        masked[..logits.Length].Fill(float.NegativeInfinity);
        for (var i = 0; i < (int)candidates.Size; i++)
        {
            masked[_all[i].Token] = _all[i].Logit;
            any |= !float.IsNegativeInfinity(_all[i].Logit);
        }
        return any;
    }

    /// <summary>The answer goes on with this token, which must be allowed.</summary>
    public void Accept(int token)
    {
        if (_tokenizer.IsEnd(token))
            return;
        if (!Allows(token))
            throw new InvalidOperationException($"token {token} is not what the grammar allows");
        Libllama.llama_sampler_accept(Handle, token);
    }

    public void Dispose()
    {
        if (_sampler == 0)
            return;
        Libllama.llama_sampler_free(_sampler);
        NativeMemory.Free(_all);
        _sampler = 0;
    }

    nint Handle => _sampler != 0 ? _sampler : throw new ObjectDisposedException(nameof(GrammarGuard));
}
