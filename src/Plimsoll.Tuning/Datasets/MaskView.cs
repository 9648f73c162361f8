using System.Text;
using Plimsoll.Tuning.Tokenization;

namespace Plimsoll.Tuning.Datasets;

/// <summary>An example token by token: what the model reads, and which tokens it learns to say.</summary>
public static class MaskView
{
    /// <summary>
    /// One token a line: id, whether it is learned, its text with spaces and line ends made visible.
    /// </summary>
    public static string Of(RenderedExample example, ByteLevelBpe tokenizer)
    {
        var text = new StringBuilder();
        for (var i = 0; i < example.Tokens.Length; i++)
        {
            var token = tokenizer.Decode([example.Tokens[i]], specials: true).Replace("\n", "\\n")
                .Replace("\t", "\\t");
            text.Append($"{example.Tokens[i],7} {(example.Learned[i] ? "learn" : "     ")} |{token}|\n");
        }
        return text.ToString();
    }
}
