using System.Globalization;

namespace Plimsoll.Bench.Text;

/// <summary>Counts with their noun.</summary>
public static class Plural
{
    /// <summary><c>1 request</c>, <c>2 requests</c>.</summary>
    public static string Of(long count, string noun, string ending = "s") =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {noun}{(count == 1 ? "" : ending)}");
}
