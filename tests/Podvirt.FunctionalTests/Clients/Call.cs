namespace Podvirt.FunctionalTests.Clients;

/// <summary>How a client asks: for the whole answer, or for it bit by bit.</summary>
public enum Way
{
    Plain,
    Stream,
}

/// <summary>One call that a client shall make.</summary>
/// <param name="Surface">As usage records name it.</param>
/// <param name="LeaveAfter">The client gives up once it has seen so many parts, or its video is being made; 0 for never.</param>
/// <param name="TellAfter">Whoever made the call is told once the client has seen so many parts; 0 for never.</param>
public sealed record Call(Uri BaseAddress, string Surface, Way Way, string Model, string Key, string Prompt, int LeaveAfter = 0, int TellAfter = 0)
{
    /// <summary>A call that does not end by itself: it gets as many tokens as the model likes.</summary>
    public bool IsLong => LeaveAfter > 0 || TellAfter > 0;
}

/// <summary>What a client saw of a call.</summary>
/// <param name="FirstMs">From the call to the first part.</param>
/// <param name="LastMs">From the call to the last part.</param>
/// <param name="Usage">Null where the client shows none.</param>
/// <param name="Error">Null where the call ended well, or was given up by the client itself.</param>
/// <param name="Finish">Why the engine stopped, as far as the client says it.</param>
public sealed record Seen(string Text, int Parts, double FirstMs, double LastMs, Counts? Usage, Failure? Error, string? Finish);

/// <summary>Tokens and microseconds of video as a client shows them.</summary>
public sealed record Counts(long Prompt, long Completion, long VideoUs = 0);

/// <summary>An error as it reached the caller's code.</summary>
/// <param name="Type">What a caller would catch.</param>
/// <param name="Status">HTTP's; null where the client shows none.</param>
/// <param name="Code">The API's <c>error.code</c>; null where the client shows none.</param>
public sealed record Failure(string Type, int? Status, string? Code, string Message);

/// <summary>A client library or program, and how it makes a call.</summary>
public interface IApiClient
{
    string Name { get; }

    /// <summary>What it can call, and whether it can stream it.</summary>
    IReadOnlyDictionary<string, Way[]> Surfaces { get; }

    /// <param name="told">Called once <see cref="Call.TellAfter"/> parts have come.</param>
    Task<Seen> CallAsync(Call call, Action told);
}
