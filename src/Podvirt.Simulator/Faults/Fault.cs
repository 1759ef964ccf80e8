using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Faults;

/// <summary>One way to misbehave, checked when it is made.</summary>
/// <param name="Name">One of <see cref="FaultNames"/>.</param>
/// <param name="Argument">A count, a status, a duration, or null: what the name asks for.</param>
/// <param name="Times">How many requests it still hits; null means all of them.</param>
internal sealed record Fault(string Name, string? Argument, int? Times)
{
    /// <summary>The argument as a count or a status; 0 when it has none.</summary>
    public int Number => int.TryParse(Argument, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>The argument as a duration; zero when it has none.</summary>
    public TimeSpan Duration => Quantities.TryParseDuration(Argument ?? "0", out var time) ? time : TimeSpan.Zero;

    /// <summary>True unless it is for another path.</summary>
    public bool Hits(string path) => Argument is not ['/', ..] || Argument == path;

    public static bool TryCreate(string? name, string? argument, int? times, [NotNullWhen(true)] out Fault? fault, out string error)
    {
        fault = null;
        error = name switch
        {
            FaultNames.DieAfterTokens or FaultNames.HangAfterTokens when !IsNumber(argument, 0, int.MaxValue) => $"{name}=N, N a count of tokens",
            FaultNames.MalformedFrame or FaultNames.ErrorMidStream or FaultNames.CutStream when argument is not null && !IsNumber(argument, 1, int.MaxValue) =>
                $"{name} or {name}=N, N a count of tokens",
            FaultNames.ErrorStatus when !IsNumber(argument, 400, 599) => $"{name}=CODE, CODE from 400 to 599",
            FaultNames.SlowStart or FaultNames.SlowWake when argument is null || !Quantities.TryParseDuration(argument, out _) =>
                $"{name}=TIME, TIME such as 250ms or 2s",
            FaultNames.Refuse when argument is not (null or "close" or "503" or ['/', ..]) => $"{name}, {name}=close, {name}=503 or {name}=/PATH",
            FaultNames.Hang when argument is not (null or "all" or ['/', ..]) => $"{name}, {name}=all or {name}=/PATH",
            FaultNames.HangVideo when argument is not (null or "deaf") => $"{name} or {name}=deaf",
            null => "a fault's name",
            _ when !FaultNames.All.Contains(name) => "one of " + string.Join(", ", FaultNames.All),
            _ when times is <= 0 => "times of at least 1",
            _ => "",
        };
        if (error.Length > 0)
        {
            return false;
        }

        fault = new Fault(name!, argument, times);
        return true;
    }

    private static bool IsNumber(string? text, int min, int max) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max;
}
