import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/json/value.ts'
import { objectsOf } from '../../src/lint/objects.ts'

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }
const nothing = { objects: [], problems: [] }

const cases: readonly { readonly name: string; readonly value: Json; readonly expected: unknown }[] = [
  {
    name: 'an object stands at the root',
    value: pod,
    expected: { objects: [{ value: pod, pointer: '' }], problems: [] },
  },
  {
    name: 'the items of a List are objects',
    value: { apiVersion: 'v1', kind: 'List', items: [pod, pod] },
    expected: {
      objects: [
        { value: pod, pointer: '/items/0' },
        { value: pod, pointer: '/items/1' },
      ],
      problems: [],
    },
  },
  {
    name: 'Lists in Lists are taken apart',
    value: { kind: 'List', apiVersion: 'v1', items: [{ kind: 'List', apiVersion: 'v1', items: [pod] }] },
    expected: { objects: [{ value: pod, pointer: '/items/0/items/0' }], problems: [] },
  },
  {
    name: "an item without a kind has its List's",
    value: { apiVersion: 'v1', kind: 'PodList', items: [{ metadata: { name: 'a' } }] },
    expected: { objects: [{ value: pod, pointer: '/items/0' }], problems: [] },
  },
  {
    name: 'the items of any kind are objects, and so is what has them for other tools',
    value: { ...pod, items: [{ metadata: { name: 'b' } }] },
    expected: {
      objects: [
        { value: { ...pod, items: [{ metadata: { name: 'b' } }] }, pointer: '' },
        { value: { ...pod, metadata: { name: 'b' } }, pointer: '/items/0' },
      ],
      problems: [],
    },
  },
  {
    name: "an item whose kind and apiVersion are not text has its List's",
    value: { apiVersion: 'v1', kind: 'PodList', items: [{ kind: 1, apiVersion: '', metadata: { name: 'a' } }] },
    expected: { objects: [{ value: pod, pointer: '/items/0' }], problems: [] },
  },
  {
    name: 'inside a List, items that are null do not make a List',
    value: { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'PodList', items: null }] },
    expected: {
      objects: [{ value: { apiVersion: 'v1', kind: 'PodList', items: null }, pointer: '/items/0' }],
      problems: [],
    },
  },
  {
    name: 'items of something without a kind are those of a values file',
    value: { items: ['a', { b: 1 }] },
    expected: nothing,
  },
  { name: 'an empty List holds nothing', value: { apiVersion: 'v1', kind: 'List', items: [] }, expected: nothing },
  {
    name: 'an item whose own items are null is told if it cannot be judged, because kubectl sends it',
    value: {
      apiVersion: 'v1',
      kind: 'List',
      items: [{ apiVersion: 'a b', kind: 'PodList', metadata: {}, items: null }],
    },
    expected: {
      objects: [],
      problems: [
        {
          pointer: '/items/0',
          message: 'this is no Kubernetes object: its apiVersion is not written group/version or version',
        },
      ],
    },
  },
  { name: 'items may be null', value: { apiVersion: 'v1', kind: 'PodList', items: null }, expected: nothing },
  {
    name: 'an empty List in a List is nothing to complain about',
    value: { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'List', items: [] }] },
    expected: nothing,
  },
  {
    name: 'a kind that ends in List but has no items is an object',
    value: { apiVersion: 'example.com/v1', kind: 'AllowList', spec: {} },
    expected: {
      objects: [{ value: { apiVersion: 'example.com/v1', kind: 'AllowList', spec: {} }, pointer: '' }],
      problems: [],
    },
  },
  {
    name: 'a List without items cannot be checked',
    value: { apiVersion: 'v1', kind: 'List', items: { a: pod } },
    expected: {
      objects: [],
      problems: [{ pointer: '', message: 'this List has no list of items: nothing in it can be checked' }],
    },
  },
  {
    name: 'an item that is no object cannot be checked',
    value: { apiVersion: 'v1', kind: 'List', items: ['x', pod] },
    expected: {
      objects: [{ value: pod, pointer: '/items/1' }],
      problems: [{ pointer: '/items/0', message: 'this item is no Kubernetes object: it has no apiVersion and kind' }],
    },
  },
  {
    name: 'an object that forgot its apiVersion cannot be checked',
    value: { kind: 'Pod', metadata: { name: 'a' } },
    expected: {
      objects: [],
      problems: [{ pointer: '', message: 'this is no Kubernetes object: it has no apiVersion' }],
    },
  },
  {
    name: 'an object that forgot its kind cannot be checked',
    value: { apiVersion: 'v1', spec: {} },
    expected: { objects: [], problems: [{ pointer: '', message: 'this is no Kubernetes object: it has no kind' }] },
  },
  {
    name: 'an apiVersion that is a number cannot be checked',
    value: { apiVersion: 1, kind: 'Pod', spec: {} },
    expected: {
      objects: [],
      problems: [{ pointer: '', message: 'this is no Kubernetes object: its apiVersion is not text' }],
    },
  },
  {
    name: 'an apiVersion with two slashes cannot be checked',
    value: { apiVersion: 'a/b/c', kind: 'Pod', spec: {} },
    expected: {
      objects: [],
      problems: [
        {
          pointer: '',
          message: 'this is no Kubernetes object: its apiVersion is not written group/version or version',
        },
      ],
    },
  },
  { name: 'values for a chart are nothing', value: { image: { tag: 1 }, spec: {} }, expected: nothing },
  { name: 'a Chart.yaml is nothing', value: { apiVersion: 'v2', name: 'x' }, expected: nothing },
  { name: 'a list is nothing', value: [pod], expected: nothing },
  { name: 'a text is nothing', value: 'x', expected: nothing },
]

describe('objectsOf', () => {
  it.each(cases)('$name', ({ value, expected }) => {
    expect(objectsOf(value)).toEqual(expected)
  })
})
