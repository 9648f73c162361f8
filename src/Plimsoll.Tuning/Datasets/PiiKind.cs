namespace Plimsoll.Tuning.Datasets;

/// <summary>What is taken out of training data.</summary>
public enum PiiKind
{
    Email,
    Iban,
    Card,
    Phone,
    Ip,
    Key,
}
