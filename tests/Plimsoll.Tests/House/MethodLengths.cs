using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;

namespace Plimsoll.Tests.House;

/// <summary>Where a method begins and how many lines it has, from its name to its closing brace.</summary>
readonly record struct MethodLength(string Where, int Lines);

/// <summary>
/// Lengths of methods read off the indentation, which the build enforces: in a type whose brace stands at
/// column c, a block that opens at column c + 4 is a member's.
/// </summary>
static partial class MethodLengths
{
    const int Indent = 4;

    public static IEnumerable<MethodLength> Of(string file) =>
        Of(file, File.ReadAllLines(Repository.File(file)));

    public static IEnumerable<MethodLength> Of(string file, string[] lines)
    {
        var types = new HashSet<int>();
        for (var i = 0; i < lines.Length; i++)
        {
            var column = lines[i].Length - lines[i].TrimStart().Length;
            if (lines[i].Trim() != "{")
            {
                continue;
            }
            var head = HeadOf(lines, i, column);
            if (TypeHead().IsMatch(lines[head]))
            {
                types.Add(column);
            }
            else if (types.Contains(column - Indent))
            {
                var end = System.Array.FindIndex(lines, i, l => l.StartsWith(new string(' ', column) + "}"));
                yield return new MethodLength($"{file}:{head + 1}", end - head + 1);
            }
        }
    }

    /// <summary>
    /// The nearest line above a brace that starts at its column; one that closes a list of parameters is the
    /// end of a head, <c>) : Base</c>.
    /// </summary>
    static int HeadOf(string[] lines, int brace, int column) =>
        Enumerable.Range(1, brace).Select(back => brace - back).First(i =>
            lines[i].Length - lines[i].TrimStart().Length == column
            && lines[i].Trim() is not ("" or "{" or "}" or [')', ..]));

    [GeneratedRegex(@"^\s*([a-z]+ )*(class|struct|interface|record|enum) ")]
    private static partial Regex TypeHead();
}
