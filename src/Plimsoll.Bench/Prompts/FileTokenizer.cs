using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Tokenizers.DotNet;

namespace Plimsoll.Bench.Prompts;

/// <summary>A Hugging Face <c>tokenizer.json</c>.</summary>
sealed class FileTokenizer : ITokenCounter
{
    readonly Tokenizer _tokenizer;
    readonly int _marks;

    public FileTokenizer(string path)
    {
        var file = Directory.Exists(path) ? Path.Combine(path, "tokenizer.json") : path;
        if (!File.Exists(file))
        {
            throw new BadInputException($"--tokenizer {path}: no such file; expected a tokenizer.json or "
                + $"the folder it is in");
        }
        try
        {
            _tokenizer = new Tokenizer(vocabPath: file);
            // What the tokenizer adds to any text, such as a start mark, is no part of it.
            _marks = _tokenizer.Encode("").Length;
        }
        catch (Exception e) when (e is not BadInputException)
        {
            throw new BadInputException($"--tokenizer {file}: is no tokenizer.json "
                + $"({Wire.ErrorText.OneLine(e.Message)}); expected one");
        }
        Name = Path.GetFileName(file);
    }

    public string Name { get; }

    public Task<int> Count(string text, CancellationToken stop) =>
        Task.FromResult(_tokenizer.Encode(text).Length - _marks);

    public void Dispose() => _tokenizer.Dispose();
}
