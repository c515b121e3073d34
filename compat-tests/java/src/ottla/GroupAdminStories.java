package ottla;

import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import static ottla.Stories.check;
import static ottla.Stories.equal;
import static ottla.Stories.failure;
import static ottla.Stories.waitFor;

/** kafka-clients' Admin on groups: list, describe, alter and delete offsets, remove members, delete. */
final class GroupAdminStories {
    static void tell(Cluster cluster, Book book) {
        book.put("groups_are_listed_by_state_and_type", () -> listed(cluster), "admin-list-groups");
        book.put("a_group_is_described_with_its_member_and_assignment", () -> described(cluster), "admin-describe-groups");
        book.put("offsets_of_a_group_are_altered_listed_and_deleted", () -> offsets(cluster));
        book.put("a_static_member_is_removed_by_an_administrator", () -> removed(cluster));
        book.put("a_group_is_deleted_once_it_is_empty", () -> deleted(cluster));
    }

    private static Optional<GroupListing> listing(Cluster cluster, String group, ListGroupsOptions options) throws Exception {
        return cluster.admin.listGroups(options).all().get().stream().filter(found -> found.groupId().equals(group)).findFirst();
    }

    private static void listed(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of());
        try (Group group = new Group(cluster, topic, RangeAssignor.class)) {
            group.join("one", Map.of());
            group.settle(1);
            GroupListing found = listing(cluster, group.id, new ListGroupsOptions()).orElseThrow();
            equal(found.protocol(), "consumer");
            equal(found.type(), Optional.of(GroupType.CLASSIC));
            equal(found.groupState(), Optional.of(GroupState.STABLE));
            equal(listing(cluster, group.id, new ListGroupsOptions().inGroupStates(Set.of(GroupState.EMPTY))), Optional.empty());
            equal(listing(cluster, group.id, new ListGroupsOptions().withTypes(Set.of(GroupType.CONSUMER))), Optional.empty());
            group.leave("one");
            waitFor("an empty group", () -> listing(cluster, group.id, new ListGroupsOptions().inGroupStates(Set.of(GroupState.EMPTY))).isPresent());
        }
    }

    private static ConsumerGroupDescription describe(Cluster cluster, String group) throws Exception {
        return cluster.admin.describeConsumerGroups(List.of(group)).all().get().get(group);
    }

    private static void described(Cluster cluster) throws Exception {
        String topic = cluster.topic(2, Map.of());
        try (Group group = new Group(cluster, topic, RangeAssignor.class)) {
            KafkaConsumer<?, ?> member = group.join("one", Map.of("client.id", "the-client", "group.instance.id", "the-instance"));
            group.settle(2);
            ConsumerGroupDescription found = describe(cluster, group.id);
            equal(found.groupState(), GroupState.STABLE);
            equal(found.partitionAssignor(), "range");
            check(Cluster.NODES.contains(found.coordinator().id()), "a coordinator");
            MemberDescription only = found.members().iterator().next();
            equal(found.members().size(), 1);
            equal(only.consumerId(), member.groupMetadata().memberId());
            equal(only.clientId(), "the-client");
            equal(only.groupInstanceId(), Optional.of("the-instance"));
            equal(only.host(), "/127.0.0.1");
            equal(only.assignment().topicPartitions(), Set.of(new TopicPartition(topic, 0), new TopicPartition(topic, 1)));
        }
        equal(failure(() -> describe(cluster, "nobody-" + topic)), "GroupIdNotFoundException");
    }

    private static void offsets(Cluster cluster) throws Exception {
        String topic = cluster.topic(2, Map.of());
        TopicPartition first = new TopicPartition(topic, 0);
        TopicPartition second = new TopicPartition(topic, 1);
        String id = "altered-" + topic;
        cluster.admin.alterConsumerGroupOffsets(id, Map.of(first, new OffsetAndMetadata(7), second, new OffsetAndMetadata(8))).all().get();
        equal(stored(cluster, id).get(first).offset(), 7L);
        equal(stored(cluster, id).get(second).offset(), 8L);
        cluster.admin.deleteConsumerGroupOffsets(id, Set.of(first)).all().get();
        equal(stored(cluster, id).keySet(), Set.of(second));
        try (Group group = new Group(cluster, topic, RangeAssignor.class)) {
            group.join("one", Map.of());
            group.settle(2);
            equal(failure(() -> cluster.admin.deleteConsumerGroupOffsets(group.id, Set.of(first)).all().get()), "GroupSubscribedToTopicException");
            equal(failure(() -> cluster.admin.alterConsumerGroupOffsets(group.id, Map.of(first, new OffsetAndMetadata(1))).all().get()), "UnknownMemberIdException");
        }
    }

    private static Map<TopicPartition, OffsetAndMetadata> stored(Cluster cluster, String group) throws Exception {
        return cluster.admin.listConsumerGroupOffsets(Map.of(group, new ListConsumerGroupOffsetsSpec())).partitionsToOffsetAndMetadata(group).get();
    }

    private static void removed(Cluster cluster) throws Exception {
        String topic = cluster.topic(2, Map.of());
        try (Group group = new Group(cluster, topic, RangeAssignor.class)) {
            group.join("stays", Map.of("group.instance.id", "stays"));
            group.join("goes", Map.of("group.instance.id", "goes"));
            group.settle(1, 1);
            group.leave("goes");
            cluster.admin.removeMembersFromConsumerGroup(group.id, new RemoveMembersFromConsumerGroupOptions(Set.of(new MemberToRemove("goes")))).all().get();
            group.settle(2);
            equal(describe(cluster, group.id).members().size(), 1);
        }
    }

    private static void deleted(Cluster cluster) throws Exception {
        String topic = cluster.topic(1, Map.of());
        try (Group group = new Group(cluster, topic, RangeAssignor.class)) {
            group.join("one", Map.of());
            group.settle(1);
            equal(failure(() -> cluster.admin.deleteConsumerGroups(List.of(group.id)).all().get()), "GroupNotEmptyException");
            group.leave("one");
            waitFor("an empty group", () -> describe(cluster, group.id).groupState() == GroupState.EMPTY);
            cluster.admin.deleteConsumerGroups(List.of(group.id)).all().get();
            equal(listing(cluster, group.id, new ListGroupsOptions()), Optional.empty());
            equal(failure(() -> cluster.admin.deleteConsumerGroups(List.of(group.id)).all().get()), "GroupIdNotFoundException");
        }
    }
}
