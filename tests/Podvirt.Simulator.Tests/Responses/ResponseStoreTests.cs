using Podvirt.Simulator.Responses;

namespace Podvirt.Simulator.Tests.Responses;

public sealed class ResponseStoreTests
{
    [Fact]
    public void CompletionAfterACancel_ChangesNothing()
    {
        using var store = new ResponseStore();
        var token = store.Begin("r", log: null);
        var queued = Of(ResponseBody.Queued);
        store.Put("r", queued);
        Assert.True(store.TryCancel("r", queued, Of(ResponseBody.Cancelled)));
        Assert.True(token.IsCancellationRequested);
        store.Put("r", Of(ResponseBody.Completed));
        store.End("r");
        Assert.True(store.TryGet("r", out var kept));
        Assert.Equal(ResponseBody.Cancelled, kept.Status);
    }

    [Fact]
    public void CancelAfterTheCompletion_IsTooLate()
    {
        using var store = new ResponseStore();
        var token = store.Begin("r", log: null);
        var queued = Of(ResponseBody.Queued);
        store.Put("r", queued);
        store.Put("r", Of(ResponseBody.Completed));
        Assert.False(store.TryCancel("r", queued, Of(ResponseBody.Cancelled)));
        Assert.False(token.IsCancellationRequested);
    }

    private static StoredResponse Of(string status) => new(status, [], [], ReadOnlyMemory<byte>.Empty);
}
