namespace Podvirt.Simulator.Faults;

/// <summary>The faults that hit one generation, taken from the book when it starts. A count says after how many tokens; null means never.</summary>
internal sealed record GenerationFaults(int? DieAfter, int? HangAfter, int? MalformedAfter, int? ErrorAfter, int? CutAfter, bool NoUsage)
{
    // Where "in the middle" is, for the faults that do not say.
    private const int MiddleOfStream = 3;

    public static readonly GenerationFaults None = new(null, null, null, null, null, NoUsage: false);

    public static GenerationFaults Take(FaultBook book, bool stream)
    {
        var faults = new GenerationFaults(
            book.Take(FaultNames.DieAfterTokens)?.Number,
            book.Take(FaultNames.HangAfterTokens)?.Number,
            stream ? Middle(book.Take(FaultNames.MalformedFrame)) : null,
            Middle(book.Take(FaultNames.ErrorMidStream)),
            stream ? Middle(book.Take(FaultNames.CutStream)) : null,
            book.Take(FaultNames.NoUsage) is not null);
        return faults == None ? None : faults;
    }

    private static int? Middle(Fault? fault) => fault is null ? null : fault.Number > 0 ? fault.Number : MiddleOfStream;
}
