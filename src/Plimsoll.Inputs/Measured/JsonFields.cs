using System;
using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Inputs.Measured;

/// <summary>Values of measured JSON by their key; what is missing or no number is named.</summary>
public static class JsonFields
{
    /// <summary>A document is held whole, with an index of its values, so a larger one is refused.</summary>
    public const int MostDocumentBytes = 1 << 29;

    /// <summary>The whole file as one document.</summary>
    public static JsonDocument Document(TraceSource source, string expected)
    {
        if (source.Head().AsSpan().TrimStart("\uFEFF \t\r\n"u8) is not [(byte)'{' or (byte)'[', ..])
            throw source.Error($"malformed JSON; expected {expected}");
        try
        {
            return JsonDocument.Parse(Bytes(source, expected));
        }
        catch (JsonException e)
        {
            source.Line = (e.LineNumber ?? 0) + 1;
            throw source.Error($"malformed JSON; expected {expected}");
        }
    }

    internal static ReadOnlyMemory<byte> Bytes(TraceSource source, string expected)
    {
        var bytes = new byte[1 << 16];
        var read = 0;
        while (true)
        {
            var more = source.Read(bytes.AsSpan(read));
            if (more == 0)
                break;
            read += more;
            if (read > MostDocumentBytes)
                throw source.Error($"is larger than {MostDocumentBytes >> 20} MB; expected {expected}");
            if (read == bytes.Length)
                Array.Resize(ref bytes, (int)Math.Min(MostDocumentBytes + 1L, 2L * bytes.Length));
        }
        var whole = bytes.AsMemory(0, read);
        return whole.Span.StartsWith("\uFEFF"u8) ? whole[3..] : whole;
    }

    /// <summary>One line as a document.</summary>
    public static JsonDocument Line(TraceSource source, ReadOnlySpan<byte> line, string expected)
    {
        try
        {
            return JsonDocument.Parse(line.ToArray());
        }
        catch (JsonException)
        {
            throw source.Error($"malformed JSON; expected {expected}");
        }
    }

    /// <summary>
    /// The value at a path such as <c>metadata.request_start_ns</c>; null when there is none.
    /// </summary>
    public static JsonElement? Find(this JsonElement element, string path)
    {
        foreach (var key in path.Split('.'))
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(key, out element))
                return null;
        }
        return element.ValueKind == JsonValueKind.Null ? null : element;
    }

    /// <summary>Null too for what is no text: half a character, as <c>\ud800</c> alone.</summary>
    public static string? Text(this JsonElement element, string path)
    {
        try
        {
            return element.Find(path) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    public static bool? Flag(this JsonElement element, string path) => element.Find(path)?.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    public static double Number(this JsonElement element, string path, string where) =>
        element.OptionalNumber(path, where)
        ?? throw new BadInputException($"{where}: {path} is missing; expected a number");

    public static double? OptionalNumber(this JsonElement element, string path, string where) =>
        element.Find(path) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number)
        && double.IsFinite(number) ? number
        : throw new BadInputException($"{where}: {path} is no number; expected one");

    /// <summary>A count of tokens, requests or ranks.</summary>
    public static int Whole(this JsonElement element, string path, string where)
    {
        var number = element.Number(path, where);
        return number >= 0 && number <= TraceReader.MostTokens && number == Math.Floor(number)
            ? (int)number
            : throw new BadInputException(
                FormattableString.Invariant(
                    $"{where}: {path} is {number}; expected a whole number of at least 0"));
    }

    /// <summary>The elements of a list; its absence is an error.</summary>
    public static JsonElement List(this JsonElement element, string path, string where) =>
        element.Find(path) is { ValueKind: JsonValueKind.Array } list
            ? list
            : throw new BadInputException($"{where}: {path} is missing; expected a list");
}
