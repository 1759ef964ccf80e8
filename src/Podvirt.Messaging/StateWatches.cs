namespace Podvirt.Messaging;

/// <summary>Watches that begin again.</summary>
public static class StateWatches
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Hands on every change of a prefix, as <see cref="IStateStore.WatchAsync"/> tells them, until it is cancelled or the store closes, and never fails.
    /// Where the watch fails, or <paramref name="take"/>, a new watch begins after a second with all that there is: no value is missed, and
    /// what was taken before comes again. A key that was deleted meanwhile is not told of; <see cref="StateChange.IsCaughtUp"/> comes again, too.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="prefix">Of the keys.</param>
    /// <param name="take">One change after the other.</param>
    /// <param name="failed">Hears of every failure.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task FollowAsync(
        this IStateStore store, string prefix, Func<StateChange, ValueTask> take, Action<Exception> failed, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(take);
        ArgumentNullException.ThrowIfNull(failed);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await foreach (var change in store.WatchAsync(prefix, cancellationToken))
                {
                    await take(change);
                }
                return;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                failed(error);
            }
            await Task.Delay(s_pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc cref="FollowAsync(IStateStore, string, Func{StateChange, ValueTask}, Action{Exception}, TimeProvider, CancellationToken)"/>
    public static Task FollowAsync(
        this IStateStore store, string prefix, Action<StateChange> take, Action<Exception> failed, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(take);
        return store.FollowAsync(
            prefix,
            change =>
            {
                take(change);
                return ValueTask.CompletedTask;
            },
            failed, time, cancellationToken);
    }
}
