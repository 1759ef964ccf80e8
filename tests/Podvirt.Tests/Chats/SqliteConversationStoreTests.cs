using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Chats;
using Podvirt.Chats.Sqlite;

namespace Podvirt.Tests.Chats;

public sealed class SqliteConversationStoreTests : ConversationStoreTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-test-").FullName;

    public SqliteConversationStoreTests() => _store = Open();

    private protected override int ConversationsMax => ChatBounds.ConversationsPerVisitor;

    private protected override int LoneAnswersMax => ChatBounds.LoneAnswersPerVisitor;

    public override async ValueTask DisposeAsync()
    {
        await ((IAsyncDisposable)_store).DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private protected override async Task ReopenAsync()
    {
        await ((IAsyncDisposable)_store).DisposeAsync();
        _store = Open();
    }

    private SqliteConversationStore Open() => SqliteConversationStore.Open(_folder, _time, NullLogger<SqliteConversationStore>.Instance);
}
