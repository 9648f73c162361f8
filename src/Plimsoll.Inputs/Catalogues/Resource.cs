using System;
using System.IO;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>Files of <c>data/</c> inside the binary.</summary>
public static class Resource
{
    public static T Read<T>(string file, Func<string, TextReader, T> read)
    {
        var name = "data/" + file;
        using var stream = typeof(Resource).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The binary lacks {name}.");
        using var text = new StreamReader(stream);
        return read(name, text);
    }
}
