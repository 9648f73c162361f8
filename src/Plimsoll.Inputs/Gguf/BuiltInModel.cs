using Plimsoll.Core;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Inputs.Gguf;

/// <summary>
/// The small model that travels in the binary: 1.6 million parameters, pre-trained by our own trainer. It
/// says its grammar's sentences and can be tuned; see <c>docs/reference/model-card.md</c>.
/// </summary>
public static class BuiltInModel
{
    public const string Name = "plimsoll-tiny";

    const string Resource = "data/models/plimsoll-tiny.gguf";

    /// <exception cref="BadInputException">The path cannot be written.</exception>
    public static void WriteTo(string path)
    {
        using var resource = typeof(BuiltInModel).Assembly.GetManifestResourceStream(Resource)!;
        WholeFile.WriteBytes(path, resource.CopyTo);
    }
}
