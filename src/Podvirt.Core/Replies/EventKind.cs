namespace Podvirt.Core.Replies;

/// <summary>What a typed event is for the gateway.</summary>
public enum EventKind
{
    /// <summary>Nothing that it acts on.</summary>
    Other,

    /// <summary>The engine has taken the request: nothing of an answer so far.</summary>
    Begin,

    /// <summary>The model answers.</summary>
    Output,

    /// <summary>The counts, and why the answer stops: the end comes next.</summary>
    Counts,

    /// <summary>The last event of a stream that ended well.</summary>
    End,

    /// <summary>The last event of a stream that did not: it says so itself, in the words of its clients.</summary>
    Failed,

    /// <summary>An error, in the middle of the stream.</summary>
    Error,
}
