namespace Podvirt.Core.Messages;

/// <summary>What a process that runs no engines wants of their logs.</summary>
/// <param name="Id">Comes back with the answer.</param>
/// <param name="Model">Whose newest replica's log; empty: <paramref name="Replica"/>'s.</param>
/// <param name="Replica">With a model: read on behind this replica's <paramref name="End"/>; empty: begin with the last lines.</param>
/// <param name="End">The offset in bytes at which the last part ended.</param>
/// <param name="Lines">How many of the last lines.</param>
/// <param name="Follows">Parts are wanted, one after the other; else the last lines alone.</param>
public sealed record LogQuery(string Id, string Model, string Replica, long End, int Lines, bool Follows);

/// <param name="Id">Of the query.</param>
/// <param name="Found">There is such a log.</param>
/// <param name="Replica">Whose.</param>
/// <param name="End">The offset in bytes at which the part ends.</param>
/// <param name="Text">UTF-8; the end of what there is where that is too much for one message.</param>
public sealed record LogQueryAnswer(string Id, bool Found, string Replica, long End, ReadOnlyMemory<byte> Text);
