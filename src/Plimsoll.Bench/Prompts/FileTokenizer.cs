using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;
using Tokenizers.DotNet;

namespace Plimsoll.Bench.Prompts;

/// <summary>A Hugging Face <c>tokenizer.json</c>.</summary>
sealed class FileTokenizer : ITokenCounter
{
    /// <summary>Ten times the largest published one.</summary>
    const long MostBytes = 512L << 20;

    readonly Tokenizer _tokenizer;
    readonly int _marks;

    public FileTokenizer(string path)
    {
        var file = Directory.Exists(path) ? Path.Combine(path, "tokenizer.json") : path;
        if (!File.Exists(file))
        {
            throw new BadInputException($"{Setting.Tokenizer} {path}", "no such file",
                "a tokenizer.json or the folder it is in");
        }
        SpecialFile.Refuse(file, "a tokenizer.json");
        if (new FileInfo(file).Length > MostBytes)
        {
            throw new BadInputException(
                $"{Setting.Tokenizer} {file}", $"is larger than {MostBytes >> 20} MB", "a tokenizer.json");
        }
        try
        {
            _tokenizer = new Tokenizer(vocabPath: file);
            // What the tokenizer adds to any text, such as a start mark, is no part of it.
            _marks = _tokenizer.Encode("").Length;
        }
        catch (Exception e) when (e is not BadInputException)
        {
            throw new BadInputException($"{Setting.Tokenizer} {file}",
                $"is no tokenizer.json ({Wire.ErrorText.OneLine(e.Message)})", "one");
        }
        Name = Path.GetFileName(file);
    }

    public string Name { get; }

    public Task<int> Count(string text, CancellationToken stop) =>
        Task.FromResult(_tokenizer.Encode(text).Length - _marks);

    public void Dispose() => _tokenizer.Dispose();
}
