namespace Plimsoll.Mutants;

/// <summary>One planted fault: where it is and what stands there instead of what.</summary>
sealed record Mutant(int Id, string File, int Line, string Was, string Now)
{
    public override string ToString() => $"{File}:{Line}  {Was}  ->  {Now}";
}
